// What a log promises, by name.
import { administration } from './administration.ts'
import { applications } from './applications.ts'
import { consumers } from './consumers.ts'
import { errors } from './errors.ts'
import { groups } from './groups.ts'
import { idempotence } from './idempotence.ts'
import { producing } from './producing.ts'
import { reading } from './reading.ts'
import { retention } from './retention.ts'
import { time } from './time.ts'
import { topics } from './topics.ts'
import { transactions } from './transactions.ts'
import type { Promises } from './implementation.ts'

const nouns: Readonly<Record<string, Promises>> = {
  topics,
  producing,
  idempotence,
  transactions,
  reading,
  consumers,
  groups,
  retention,
  time,
  administration,
  applications,
  errors,
}

/** All promises, by `noun: what is promised`. */
export const contract: Promises = Object.fromEntries(
  Object.entries(nouns).flatMap(([noun, promises]) =>
    Object.entries(promises).map(([says, holds]) => [`${noun}: ${says}`, holds]),
  ),
)
