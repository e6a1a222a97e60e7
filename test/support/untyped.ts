// Calls as a program without types could make them: any verb, with anything.

/** Calls a method of an object with arguments that its types may refuse. */
export function call(target: object, verb: string, ...args: readonly unknown[]): object {
  const method = (target as Readonly<Record<string, ((...given: readonly unknown[]) => object) | undefined>>)[verb]
  if (method === undefined) throw new Error(`there is no ${verb}`)
  return method.apply(target, [...args])
}
