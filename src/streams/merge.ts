/**
 * merge: the records of several streams as one, each in the order in which it comes.
 */
import type { OperatorFactory } from '../plan/operator.ts'
import { operate } from '../plan/subscriber.ts'

export const merging: OperatorFactory = () => operate((out) => out)
