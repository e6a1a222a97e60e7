/**
 * What the administration of groups and their positions uses of a log.
 */
import type { Environment } from '../../storage/environment.ts'
import type { Groups } from '../group/groups.ts'
import type { Partitions } from '../kept/partitions.ts'
import type { Positions } from '../kept/positions.ts'
import type { RecordSource } from '../kept/record-source.ts'
import type { Topics } from '../kept/topics.ts'

export interface GroupLog extends RecordSource {
  readonly environment: Pick<Environment, 'inTurn' | 'write' | 'writeInTurn'>
  readonly topics: Topics
  readonly partitions: Partitions
  readonly positions: Positions
  readonly groups: Groups
}
