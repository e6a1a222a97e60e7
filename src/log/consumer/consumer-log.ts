/**
 * What readers and consumers use of a log.
 */
import type { Environment } from '../../storage/environment.ts'
import type { Groups } from '../group/groups.ts'
import type { GroupSession } from '../group/group-session.ts'
import type { Outstanding } from '../kept/outstanding.ts'
import type { Partitions } from '../kept/partitions.ts'
import type { Positions } from '../kept/positions.ts'
import type { RecordSource } from '../kept/record-source.ts'
import type { Topics } from '../kept/topics.ts'

export interface ReaderLog extends RecordSource {
  readonly topics: Topics
  readonly outstanding: Outstanding
  /** Calls back after commits of anyone, until the returned function is called. */
  onCommit(listener: () => void): () => void
}

export interface PartitionsLog extends ReaderLog {
  readonly positions: Positions
}

export interface ConsumerLog extends PartitionsLog {
  readonly environment: Pick<Environment, 'inTurn' | 'isClosed' | 'isWriting' | 'write'>
  readonly partitions: Pick<Partitions, 'row'>
  readonly groups: Groups
  readonly groupSession: GroupSession
}
