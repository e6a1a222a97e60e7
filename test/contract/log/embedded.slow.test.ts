// A directory keeps the whole contract of the log.
import { embedded } from './embedded.ts'
import { describeLogContract } from './suite.ts'

describeLogContract(embedded)
