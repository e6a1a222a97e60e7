/**
 * What an environment may be told when it is opened. It stands apart so that what users compile against names nothing
 * of lmdb.
 */

/** How a directory is opened; only `fileMode` and `readOnly` are for users. */
export interface EnvironmentOptions {
  /** Who may read and write new files; default 0600. */
  readonly fileMode?: number | undefined
  /**
   * For a new directory; an option only for the benchmark that chose the default. With pages of less than 8 KB LMDB
   * takes keys of up to 1,978 bytes, less than `keyBytesMax`.
   */
  readonly pageSizeBytes?: number | undefined
  /** Address space to begin with; LMDB reserves more when it is used up. */
  readonly mapBytes?: number | undefined
  /**
   * For a log that lives as long as its test: commits are atomic and outlive the process, but are not flushed to the
   * disk, so a power cut may destroy the file.
   */
  readonly throwAway?: boolean | undefined
  /** For those who only look: there must be a log, and every write is refused. */
  readonly readOnly?: boolean | undefined
}
