const DAY_MS = 86_400_000;
const WEEKDAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** A time as `java.util.Date.toString` prints it in UTC: `Sat Nov 21 09:33:47 UTC 2026`. */
export function javaDate(epochMs: number): string {
  const days = Math.floor(epochMs / DAY_MS);
  const seconds = Math.floor((epochMs - days * DAY_MS) / 1000);
  const { year, month, day } = civilDate(days);
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const weekday = WEEKDAYS[((days % 7) + 7) % 7];
  return `${weekday} ${MONTHS[month - 1]} ${two(day)} ${time} UTC ${year}`;
}

/**
 * The date of a day counted from 1970-01-01. Years are taken to begin in March, so that the leap day is the
 * last of its year; an era is the 400 years after which the calendar repeats.
 */
function civilDate(days: number): { year: number; month: number; day: number } {
  const DAYS_TO_MARCH_0 = 719_468;
  const DAYS_PER_ERA = 146_097;
  const shifted = days + DAYS_TO_MARCH_0;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day };
}
