/**
 * What a demo claims in the end: each figure of the application beside the same by hand, from a loop over the input.
 */
import { CommandFailed } from '../exit-codes.ts'
import type { VerbContext } from '../verb.ts'

export interface Claim {
  readonly claim: string
  readonly counted: number
  readonly byHand: number
}

/** @throws CommandFailed when one does not hold */
export async function showClaims({ out }: VerbContext, claims: readonly Claim[]): Promise<void> {
  const rows = claims.map((one) => ({ ...one, holds: one.counted === one.byHand }))
  await out.rows(rows, [
    { head: 'CLAIM', of: ({ claim }) => claim },
    { head: 'COUNTED', of: ({ counted }) => counted },
    { head: 'BY HAND', of: ({ byHand }) => byHand },
    { head: '', of: ({ holds }) => (holds ? 'holds' : 'DOES NOT HOLD') },
  ])
  const wrong = rows.filter(({ holds }) => !holds)
  if (wrong.length > 0) throw new CommandFailed(`not as it should be: ${wrong.map(({ claim }) => claim).join(', ')}`)
}
