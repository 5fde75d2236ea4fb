// Times and numbers as people write them.

/** 3661.5 seconds as 1:01:01. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A length of time in words: 3720 seconds as 1 h 2 min. */
export function length(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 1200, "word" as 1,200 words. */
export function count(number, thing) {
  return `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;
}

/** A share of 0 to 1 in per cent; what is little is not nothing. */
export function percent(share) {
  return share > 0 && share < 0.005 ? "<1\u202f%" : `${Math.round(100 * share)}\u202f%`;
}

/** The day of an ISO 8601 time, as 3 March 2026. */
export function day(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
}

/** The English name of a language's code; the code, where it has none; nothing where nobody knows the language. */
export function languageName(code) {
  if (code === "und") return "";
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(code);
  } catch {
    return code;
  }
}

/** 34567890 bytes as 35 MB. */
export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const number = bytes / 1000 ** power;
  return `${number.toFixed(power === 3 && number < 10 ? 1 : 0)} ${units[power]}`;
}
