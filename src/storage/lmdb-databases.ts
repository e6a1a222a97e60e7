/**
 * What lmdb calls the databases. These types stay in storage: what users compile against must not name lmdb's.
 */
import type { Database as LmdbDatabase, RootDatabase } from 'lmdb'
import type { DatabaseName } from './databases.ts'

export type Database = LmdbDatabase<Buffer, Buffer>
export type Databases = Readonly<Record<DatabaseName, Database>>
/** The one that holds the others, and stands for the whole environment. */
export type Root = RootDatabase<Buffer, Buffer>
