/**
 * The topics that an application writes to, dead letters included, and how much of them waits for the commit.
 */
import { newTopicId, type Session, type TopicDescription } from '../log/contract.ts'
import type { Turn } from '../plan/turn.ts'
import { Output } from './outputs.ts'

/** Bytes of outputs after which a commit is due. */
const pendingBytesMax = 32 * 1_048_576

export class OutputTopics {
  readonly #session: Session
  readonly #turn: Turn
  readonly #outputs = new Map<string, Output>()
  /** Bytes that wait for the commit. */
  readonly #pending = { bytes: 0 }

  constructor(session: Session, turn: Turn, topics: readonly TopicDescription[]) {
    this.#session = session
    this.#turn = turn
    for (const topic of topics) this.#add(topic)
  }

  #add(topic: TopicDescription): Output {
    const output = new Output(topic, this.#turn, this.#pending)
    this.#outputs.set(topic.name, output)
    return output
  }

  find(topic: string): Output | undefined {
    return this.#outputs.get(topic)
  }

  /** A topic that is there now. */
  found(topic: TopicDescription): void {
    this.#add(topic)
  }

  /** A topic that the commit creates if it is not there. */
  created(name: string): Output {
    const known = this.#outputs.get(name)
    if (known !== undefined) return known
    return this.#add(this.#session.findTopic(name) ?? { name, id: newTopicId, partitions: 1, config: {} })
  }

  /** Whether as much waits as one commit should hold. */
  get isFull(): boolean {
    return this.#pending.bytes > pendingBytesMax
  }

  get all(): Iterable<Output> {
    return this.#outputs.values()
  }

  /** After the commit is durable. */
  committed(): void {
    for (const output of this.#outputs.values()) {
      output.committed()
      if (output.isNew) this.#outputs.delete(output.topic) // it has an id now
    }
    this.#pending.bytes = 0
  }
}
