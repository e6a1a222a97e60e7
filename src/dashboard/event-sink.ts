/**
 * One browser that gets events, and may be slow: at most one event waits for it. What it misses meanwhile is not kept.
 */
import type { ServerResponse } from 'node:http'
import type { Clock } from '../core/clock.ts'

/** From when on a browser that takes nothing is let go: it connects again by itself when it is back. */
const stalledMs = 30_000
/** Where nothing is sent, something has to be, for both sides to notice that the other has gone. */
const beatMs = 15_000
/** When the browser tries again after it has lost the connection. */
const retryMs = 2_000

/** An event as it is sent: JSON has no line break. One block may be sent to any number of browsers. */
export function eventBlock(event: string, json: string): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${json}\n\n`)
}

export class EventSink {
  readonly #response: ServerResponse
  readonly #clock: Clock
  #isReady = true
  #sentMs: number
  #cancel: () => void = () => undefined
  #onReady: () => void = () => undefined

  constructor(response: ServerResponse, clock: Clock) {
    this.#response = response
    this.#clock = clock
    this.#sentMs = clock.elapsed()
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.on('drain', () => {
      this.#isReady = true
      this.#onReady()
    })
    response.on('close', () => this.#cancel())
    this.#write(`retry: ${retryMs}\n\n`)
    this.#beat()
  }

  /** Whether it has taken all that was sent. */
  get isReady(): boolean {
    return this.#isReady && !this.#response.destroyed
  }

  /** Called each time that it has taken what was sent, after it had not at once. */
  set onReady(callback: () => void) {
    this.#onReady = callback
  }

  /** Sends an event; returns whether it was sent: not to one that has not taken the last one. */
  send(block: Buffer): boolean {
    if (!this.isReady) return false
    this.#write(block)
    return true
  }

  /** One who takes nothing would never come to the end. */
  close(): void {
    this.#cancel()
    if (this.#isReady) this.#response.end()
    else this.#response.destroy()
  }

  #write(block: Buffer | string): void {
    this.#sentMs = this.#clock.elapsed()
    this.#isReady = this.#response.write(block)
  }

  #beat(): void {
    this.#cancel = this.#clock.schedule(
      beatMs,
      () => {
        const quietMs = this.#clock.elapsed() - this.#sentMs
        if (!this.#isReady && quietMs >= stalledMs) this.#response.destroy()
        else if (this.#isReady && quietMs >= beatMs) this.#write(':\n\n')
        if (!this.#response.destroyed) this.#beat()
      },
      'background',
    )
  }
}
