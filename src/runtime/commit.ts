/**
 * One commit, from the engine to its session: the engine goes on when it is durable, and ends when it fails.
 */
import type { InstanceFigures } from '../core/figures.ts'
import type { Session } from '../log/contract.ts'
import type { Engine } from './engine.ts'

/**
 * Commits what was done since the last commit, with what the instance says of itself. While the promise is open the
 * engine takes no turn.
 *
 * @throws MillraceError `fenced`, `storage_failed`; what the disk holds then is known only to the next start
 */
export function commitTo(session: Session, engine: Engine, figures?: InstanceFigures): void | Promise<void> {
  const commit = engine.prepare()
  if (commit === undefined) return
  const failed = (error: unknown): never => {
    throw engine.fail(error)
  }
  let committing: void | Promise<void>
  try {
    committing = session.commit(figures === undefined ? commit : { ...commit, figures })
  } catch (error) {
    return failed(error)
  }
  if (committing !== undefined) return committing.then(() => engine.committed(), failed)
  engine.committed()
}
