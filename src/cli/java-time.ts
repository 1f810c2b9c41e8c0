import { JavaError } from './java-error.ts';

/** A duration as `Duration.parse` reads it, `P3DT4H5M6.5S`, in ms. Throws {@link JavaError}. */
export function parseDurationMs(text: string): number {
  const number = '([-+]?\\d+)';
  const time = `T(?:${number}H)?(?:${number}M)?(?:([-+]?)(\\d+)(?:[.,](\\d{0,9}))?S)?`;
  const match = new RegExp(`^([-+]?)P(?:${number}D)?(?:${time})?$`, 'i').exec(text);
  const [, sign, days, hours, minutes, secondsSign, seconds, fraction] = match ?? [];
  const isEmpty = [days, hours, minutes, seconds].every((part) => part === undefined);
  if (match === null || isEmpty || /T$/i.test(text)) {
    throw new JavaError('java.time.format.DateTimeParseException', 'Text cannot be parsed to a Duration');
  }
  const wholeSeconds = Number(`${seconds ?? 0}.${fraction ?? 0}`) * (secondsSign === '-' ? -1 : 1);
  const minutesAll = (Number(days ?? 0) * 24 + Number(hours ?? 0)) * 60 + Number(minutes ?? 0);
  return (minutesAll * 60_000 + wholeSeconds * 1000) * (sign === '-' ? -1 : 1);
}

/** A time as `Utils.getDateTime` reads it, `2026-11-28T15:00:00.000`, UTC unless it says otherwise, in ms. Throws {@link JavaError}. */
export function parseDateTimeMs(text: string): number {
  const [, second] = text.split('T');
  if (second === undefined) {
    throw new JavaError(
      'java.text.ParseException',
      "Error parsing timestamp. It does not contain a 'T' according to ISO8601 format",
    );
  }
  const zoned = /[+\-Z]/.test(second) ? text : `${text}Z`;
  const pattern =
    /^(\d+)-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{1,2}):(\d{1,2})\.(\d{1,3})(Z|([+-])(\d\d):?(\d\d)?)/;
  const match = pattern.exec(zoned);
  const [, year, month, day, hour, minute, secondOfMinute, millisecond, , sign, hours, minutes] = match ?? [];
  const fields = [year, month, day, hour, minute, secondOfMinute, millisecond].map(Number);
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, ms = 0] = fields;
  const atMs = Date.UTC(y, mo - 1, d, h, mi, s, ms);
  const is = new Date(atMs);
  const isReal = is.getUTCMonth() === mo - 1 && is.getUTCDate() === d && h < 24 && mi < 60 && s < 60;
  if (match === null || !isReal) {
    throw new JavaError('java.text.ParseException', `Unparseable date: "${zoned}"`);
  }
  const offsetMinutes = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return atMs - (sign === '-' ? -1 : 1) * offsetMinutes * 60_000;
}
