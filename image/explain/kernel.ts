/** What a kernel says of itself (Linux Documentation/arch/x86/boot.rst, kernel_version); null for one of another form. */
export function kernelVersionOf(kernel: Uint8Array): string | null {
  const buffer = Buffer.from(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  if (buffer.length < 0x210 || buffer.toString("latin1", 0x202, 0x206) !== "HdrS") return null;
  const begin = buffer.readUInt16LE(0x20e) + 0x200;
  const end = buffer.indexOf(0, begin);
  return end < 0 || end - begin > 512 ? null : buffer.toString("latin1", begin, end);
}
