// Which verbs of the DSL are called: for tests that draw topologies, so that no verb is left out unseen.
import { StreamsBuilder } from 'millrace'
import { input } from './topology.ts'
import { receiverOf, titleOf, type Verb, verbs } from './verbs.ts'

type Method = (this: unknown, ...args: readonly unknown[]) => unknown

/** What has the method of a verb; one class may stand for several things that a verb is called on. */
function classOf({ on }: Verb): { readonly name: string; readonly prototype: object } {
  return receiverOf(on, new StreamsBuilder().stream(input)).constructor
}

/** The verbs that are not called while `work` runs, by what they are called on. */
export function verbsNotCalled(work: () => void): string[] {
  const called = new Set<string>()
  const idOf = (verb: Verb): string => `${classOf(verb).name}.${verb.verb}`
  const restores = new Map<string, () => void>()
  for (const one of verbs) {
    const [id, { prototype }] = [idOf(one), classOf(one)]
    if (restores.has(id)) continue
    // What a class has from another gets a method of its own here, so that the two can be told apart.
    const before = Object.getOwnPropertyDescriptor(prototype, one.verb)
    const method = Reflect.get(prototype, one.verb) as Method
    const value: Method = function note(...args) {
      called.add(id)
      return method.apply(this, [...args])
    }
    Object.defineProperty(prototype, one.verb, { value, configurable: true, writable: true })
    restores.set(id, () => {
      if (before === undefined) Reflect.deleteProperty(prototype, one.verb)
      else Object.defineProperty(prototype, one.verb, before)
    })
  }
  try {
    work()
  } finally {
    for (const restore of restores.values()) restore()
  }
  return verbs.filter((verb) => !called.has(idOf(verb))).map(titleOf)
}
