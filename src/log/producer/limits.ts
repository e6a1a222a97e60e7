/**
 * How many bytes a producer may hold, and the error for a call that would exceed that: the remedy depends on what fills
 * it.
 */
import { MillraceError } from '../../core/errors.ts'

/** The call that is refused, in bytes before compression. */
export interface Overflow {
  /** The size of the record that exceeded the limit. */
  readonly recordBytes: number
  /** What waited before the call. */
  readonly heldBytes: number
}

export interface HoldLimit {
  readonly bytesMax: number
  readonly exceeded: (overflow: Overflow) => MillraceError
}

export function bufferLimit(bufferBytes: number): HoldLimit {
  const exceeded = ({ recordBytes, heldBytes }: Overflow): MillraceError => {
    if (recordBytes > bufferBytes) return larger('buffer_full', recordBytes, 'bufferBytes', bufferBytes)
    return heldBytes === 0
      ? new MillraceError(
          'buffer_full',
          `the records of one call have more than ${bufferBytes} bytes (bufferBytes); send fewer at once, or raise it`,
        )
      : bufferFull(heldBytes, bufferBytes)
  }
  return { bytesMax: bufferBytes, exceeded }
}

export function bufferFull(heldBytes: number, bufferBytes: number): MillraceError {
  return new MillraceError(
    'buffer_full',
    `the producer holds ${heldBytes} bytes that are not written yet, and may hold ${bufferBytes} (bufferBytes); ` +
      'await producer.ready() before each send, or earlier sends',
  )
}

export function transactionLimit(transactionMaxBytes: number): HoldLimit {
  const exceeded = ({ recordBytes }: Overflow): MillraceError =>
    recordBytes > transactionMaxBytes
      ? larger('transaction_too_large', recordBytes, 'transactionMaxBytes', transactionMaxBytes)
      : new MillraceError(
          'transaction_too_large',
          `the transaction would hold more than ${transactionMaxBytes} bytes (transactionMaxBytes); ` +
            'commit in smaller parts, or raise it',
        )
  return { bytesMax: transactionMaxBytes, exceeded }
}

function larger(
  code: 'buffer_full' | 'transaction_too_large',
  recordBytes: number,
  option: string,
  bytesMax: number,
): MillraceError {
  return new MillraceError(
    code,
    `the record has ${recordBytes} bytes, more than ${option} allows (${bytesMax}); raise ${option}, or split the record`,
  )
}
