/**
 * Whether the page may change things: it shows what changes something only then.
 */
import type { Question } from '../router.ts'
import type { ChangesView } from '../views.ts'

export async function changes({ mayChange }: Question): Promise<ChangesView> {
  return { isAllowed: mayChange }
}
