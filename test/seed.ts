import fc from "fast-check";

// One commit, one verdict: generated inputs are the same each time. CALADRIUS_SEED=random draws others, which is how new
// bugs are found; a failure prints its seed, and CALADRIUS_SEED=<that> repeats it.
const { CALADRIUS_SEED = "20260101" } = process.env;
if (CALADRIUS_SEED !== "random") fc.configureGlobal({ seed: Number(CALADRIUS_SEED) });
