/** Java's `Double.toString`: how doubles stand in configurations that clients and other brokers read. */
export function javaDoubleText(value: number): string {
  const size = Math.abs(value);
  if (Number.isFinite(value) && size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [mantissa = '', exponent = ''] = value.toExponential().split('e');
    return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
  }
  if (Object.is(value, -0)) return '-0.0';
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
