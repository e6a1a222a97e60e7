// The other side of mapAsync: a service that answers when the test says so.
import type { AsyncCall, StreamRecord } from 'millrace'
import { turns } from './applications.ts'

interface ServiceCall extends AsyncCall {
  readonly record: StreamRecord<unknown, unknown>
  readonly value: string
  readonly resolve: (result: string) => void
  readonly reject: (error: Error) => void
}

export class Service {
  /** All that came, in order. */
  readonly calls: ServiceCall[] = []
  /** The most calls that were open at once. */
  most = 0
  readonly #open = new Set<ServiceCall>()

  readonly fn = (record: StreamRecord<unknown, unknown>, { id, attempt, signal }: AsyncCall): Promise<string> =>
    new Promise((resolve, reject) => {
      const call = { id, attempt, signal, record, value: String(record.value), resolve, reject }
      this.calls.push(call)
      this.#open.add(call)
      this.most = Math.max(this.most, this.#open.size)
      signal.addEventListener('abort', () => this.#open.delete(call))
    })

  /** The values that are waited for. */
  get open(): string[] {
    return [...this.#open].map(({ value }) => value)
  }

  /** Answers a call; what waits for the answer has it when this resolves. */
  async answer(value: string): Promise<void> {
    this.#take(value).resolve(`${value}!`)
    await turns(1)
  }

  async fail(value: string): Promise<void> {
    this.#take(value).reject(new Error(`no answer to ${value}`))
    await turns(1)
  }

  #take(value: string): ServiceCall {
    const call = [...this.#open].find((one) => one.value === value)
    if (call === undefined) throw new Error(`"${value}" is not asked for; open are ${this.open.join(', ')}`)
    this.#open.delete(call)
    return call
  }
}
