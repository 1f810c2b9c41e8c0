const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

const number = (value: number, width: number) => String(value).padStart(width, '0');
const name = (text: string | undefined, width: number) =>
  width >= 4 ? (text ?? '') : (text ?? '').slice(0, 3);

const LETTERS: Readonly<Record<string, (date: Date, width: number) => string>> = {
  y: (date, width) => (width === 2 ? number(date.getFullYear() % 100, 2) : number(date.getFullYear(), width)),
  M: (date, width) =>
    width >= 3 ? name(MONTHS[date.getMonth()], width) : number(date.getMonth() + 1, width),
  d: (date, width) => number(date.getDate(), width),
  E: (date, width) => name(WEEKDAYS[date.getDay()], width),
  H: (date, width) => number(date.getHours(), width),
  h: (date, width) => number(date.getHours() % 12 || 12, width),
  a: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  m: (date, width) => number(date.getMinutes(), width),
  s: (date, width) => number(date.getSeconds(), width),
  S: (date, width) => number(date.getMilliseconds(), width),
};

/** A time in local time by a pattern of Java's `SimpleDateFormat`; of its letters those of date and time. */
export function formatDate(pattern: string, timeMs: number): string {
  const date = new Date(timeMs);
  return pattern.replace(/'((?:[^']|'')*)'|([A-Za-z])\2*/g, (all, quoted?: string) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted.replaceAll("''", "'");
    return LETTERS[all.slice(0, 1)]?.(date, all.length) ?? all;
  });
}
