/**
 * The browser's time and timers: the only file of the page that touches them.
 */

export function nowMs(): number {
  return Date.now()
}

/** Calls back once; the returned function cancels. */
export function after(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs)
  return () => clearTimeout(timer)
}

/** Calls back again and again; the returned function ends it. */
export function every(delayMs: number, callback: () => void): () => void {
  const timer = setInterval(callback, delayMs)
  return () => clearInterval(timer)
}
