/**
 * What lmdb calls the databases. These types stay in storage: what users compile against must not name lmdb's.
 */
import type { Database as LmdbDatabase, RootDatabase } from 'lmdb'
import type { DatabaseName } from './databases.ts'

export type Database = LmdbDatabase<Buffer, Buffer>
export type Databases = Readonly<Record<DatabaseName, Database>>
/** The one that holds the others, and stands for the whole environment. */
export type Root = RootDatabase<Buffer, Buffer>

/** Closes the environment: at once where nothing is under way, or else when the promise says so. */
export function closeRoot(root: Root & { readonly status?: unknown }): Promise<void> | undefined {
  const closing = root.close()
  return root.status === 'closed' ? undefined : closing
}
