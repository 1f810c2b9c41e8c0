/** Makes an object's methods its own: kafkajs's clients are objects of functions, which programs take apart. */
export function bindMethods(object: object): void {
  const prototype = Object.getPrototypeOf(object) as object;
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name !== 'constructor' && typeof value === 'function') {
      Object.defineProperty(object, name, { value: value.bind(object), writable: true, configurable: true });
    }
  }
}
