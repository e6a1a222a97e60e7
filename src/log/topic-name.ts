/**
 * How a caller says which topic is meant.
 */

/** A topic by its typed constant, or by its name; a name never creates. */
export type TopicName = string | { readonly name: string }

export function nameOf(topic: TopicName): string {
  return typeof topic === 'string' ? topic : topic.name
}
