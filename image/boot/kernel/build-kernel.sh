#!/bin/sh
# Build the kernel of an enclave from Debian's linux-source package. Not part of any default path: an image takes a kernel
# with --kernel, AWS's own or this one.
#
#   build-kernel.sh SOURCE OUTPUT
#
# SOURCE is linux-source-*.tar.xz (Debian: apt-get install linux-source, then /usr/src/linux-source-6.12.tar.xz) or a folder
# it was unpacked into. OUTPUT becomes the bzImage; OUTPUT.config the whole configuration it was built with.
# Needs gcc, make, flex, bison, bc, libelf-dev, libssl-dev, xz-utils, zstd. About 10 minutes on 2 processors.
set -eu

if [ $# -ne 2 ]; then
  echo "usage: build-kernel.sh SOURCE OUTPUT" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
source=$1
output=$2
fragment=$here/caladrius.config

fail() {
  echo "build-kernel.sh: $1" >&2
  exit 1
}

[ -e "$source" ] || fail "$source: there is no such file or folder"
[ -e "$output" ] && fail "$output exists already"
[ "$(uname -m)" = x86_64 ] || fail "this configuration is for x86_64"
for tool in gcc make flex bison bc xz zstd; do
  command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install gcc make flex bison bc libelf-dev libssl-dev xz-utils zstd"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
if [ -d "$source" ]; then
  tree=$(cd "$source" && pwd)
else
  echo "unpack"
  mkdir "$work/source"
  tar -xf "$source" -C "$work/source" --strip-components=1
  tree=$work/source
fi
[ -e "$tree/drivers/misc/nsm.c" ] || fail "$source has no NSM driver: Linux 6.8 or newer has it"

# Nobody's name, machine or time is in the kernel: its bytes, and so PCR0 and PCR1, depend on source and compiler alone.
export KBUILD_BUILD_USER=caladrius KBUILD_BUILD_HOST=caladrius KBUILD_BUILD_VERSION=1
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' SOURCE_DATE_EPOCH=0 LC_ALL=C TZ=UTC
build=$work/build
mkdir "$build"
echo "configure"
make -s -C "$tree" O="$build" ARCH=x86_64 tinyconfig
(cd "$build" && "$tree/scripts/kconfig/merge_config.sh" -m -O "$build" "$build/.config" "$fragment" >/dev/null)
make -s -C "$tree" O="$build" ARCH=x86_64 olddefconfig

# An option whose conditions are not met vanishes without a word: compare with what was asked for.
missing=$(
  grep -E '^(CONFIG_[A-Z0-9_]+=|# CONFIG_[A-Z0-9_]+ is not set)' "$fragment" | while IFS= read -r line; do
    case $line in
      '# '*)
        name=${line#'# '}
        name=${name%' is not set'}
        if grep -q "^$name=" "$build/.config"; then echo "$line"; fi
        ;;
      *) grep -qxF "$line" "$build/.config" || echo "$line" ;;
    esac
  done
)
[ -z "$missing" ] || fail "this source does not give what caladrius.config asks for:
$missing"

echo "build"
make -s -C "$tree" O="$build" ARCH=x86_64 -j"$(nproc)" bzImage
cp "$build/arch/x86/boot/bzImage" "$output"
cp "$build/.config" "$output.config"
sha384sum "$output"
