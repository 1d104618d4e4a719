/**
 * What a finding means, with this build's defaults; null for a code that is not known. The texts are those of docs/FINDINGS.md,
 * but for alarm limits, which wards set.
 */
export function meaningOf(code: string): string | null {
  const known = MEANINGS.get(code);
  if (known !== undefined) return known;
  return LIMIT.test(code) ? "Beyond an alarm limit; the limit in force and the most extreme value are in the evidence." : null;
}

const LIMIT = /^(?:heart-rate|respiratory-rate|spo2|systolic|diastolic|temperature|glucose)-(?:very-)?(?:low|high)$/;

const MEANINGS: ReadonlyMap<string, string> = new Map([
  ["asystole", "No heart beat (QRS) in the ECG for 4 s or longer; evidence gives the pause."],
  [
    "extreme-bradycardia",
    "Five or more beats in a row with a heart rate below 40/min; told as soon as the fourth interval is known to be too long.",
  ],
  ["extreme-tachycardia", "Seventeen or more beats in a row with a heart rate above 140/min."],
  ["ventricular-tachycardia", "Five or more beats in a row that look ventricular beside the patient's usual beat, faster than 100/min."],
  ["ventricular-fibrillation", "The ECG oscillates as in fibrillation or flutter for 4 s or longer, without the patient's usual beats."],
  [
    "ecg-alarm-contradicted",
    "The ECG alone would have raised an asystole, fibrillation or ventricular tachycardia (the evidence names which), but the pulse wave went on regularly: check electrodes and leads.",
  ],
  [
    "ecg-low-amplitude",
    "A pause of 4 s or longer in which small deflections of the usual beat's shape were seen, larger than its P wave may be: check electrodes, gain and lead.",
  ],
  [
    "ecg-electrode-transient",
    "The baseline jumped with the last beat before a pause, on every lead, and crept back: the ECG was not read meanwhile.",
  ],
  [
    "atrial-fibrillation",
    "Beats come irregularly and unpredictably for 30 s or longer, ventricular beats left out; atrial flutter with changing conduction looks the same.",
  ],
  ["ventricular-run", "Three or more ventricular beats in a row."],
  ["ventricular-ectopy", "All ventricular ectopic beats of a recording together: how many, how many an hour, couplets and runs."],
  ["ecg-flat-line", "The lead gave one unchanging value for 3 s or longer: electrode off, or no signal."],
  ["ecg-saturated", "The amplifier stood at its limit, so that beats could not be seen."],
  ["news2-high", "NEWS2 of 7 or more: emergency assessment."],
  ["news2-medium", "NEWS2 of 5 or more: urgent review; from 7 on it stands beside news2-high."],
  ["news2-single", "A single NEWS2 parameter scores 3, whatever the total."],
  ["news2-partial", "Parameters are missing, so there is no total; the evidence gives the sum of the rest and what is missing."],
  ["qsofa-positive", "Two or more of: breathing rate 22 or above, systolic pressure 100 or below, altered mentation."],
  ["qsofa-partial", "Parts of qSOFA are missing; the evidence gives the sum of the rest and what is missing."],
  ["mews-high", "Modified Early Warning Score of 5 or more."],
  ["mews-partial", "Parts of MEWS are missing; the evidence gives the sum of the rest and what is missing."],
  ["glucose-low-level-2", "Glucose below 54 mg/dL."],
  ["glucose-low-level-1", "Glucose below 70 mg/dL."],
  ["glucose-high-level-1", "Glucose above 180 mg/dL."],
  ["glucose-high-level-2", "Glucose above 250 mg/dL."],
  ["glucose-rate-implausible", "Glucose changed faster than a patient's can: sensor or transcription."],
  [
    "glucose-compression-low",
    "A low that came and went as suddenly as when a sensor is lain on; a true one may look the same, so its band is told as well.",
  ],
  ["trend-up", "A vital sign drifts away from the patient's own first half hour."],
  ["trend-down", "A vital sign drifts away from the patient's own first half hour."],
  ["trend-artefacts", "How many values of a channel were left out of the trend as artefacts."],
  ["discord", "The stretch of an unknown wave that is least like anything before it; what that means is not known."],
  ["findings-not-listed", "More findings than a reply holds: how many are not listed, the least grave first to go."],
  ["findings-left-out", "More findings than a result holds: the evidence counts by priority what is not listed."],
]);
