/**
 * What producers use of a log.
 */
import type { Clock } from '../../core/clock.ts'
import type { Environment } from '../../storage/environment.ts'
import type { Outstanding } from '../kept/outstanding.ts'
import type { Partitions } from '../kept/partitions.ts'
import type { Producers } from '../kept/producers.ts'
import type { Topics } from '../kept/topics.ts'

export interface ProducerLog {
  readonly clock: Clock
  readonly environment: Pick<Environment, 'inTurn' | 'refresh' | 'write'>
  readonly outstanding: Pick<Outstanding, 'inTurn'>
  readonly topics: Topics
  readonly partitions: Partitions
  readonly producers: Producers
}
