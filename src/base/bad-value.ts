/** Why a value of a setting is wrong, to be put after `key=value`: "is not a whole number: give ...". */
export class BadValue extends Error {
  override name = 'BadValue';
}
