/**
 * Every metric that goes out: its kind, and what it says. docs/metrics.md has a row for each.
 *
 * Names keep to Prometheus: seconds and bytes, the unit at the end, `_total` for what only rises. What is committed is
 * counted since the application first started, so a restart changes nothing about it; what an instance says of itself
 * begins with it.
 */

export const families = {
  // Versions of applications.
  millrace_application_state: ['gauge', 'Whether a version is in this state: 1 or 0.'],
  millrace_application_live: ['gauge', 'Whether a version is the one that startStreams runs: 1 or 0.'],
  millrace_application_started_timestamp_seconds: ['gauge', 'When a version was last started.'],
  millrace_application_last_commit_timestamp_seconds: ['gauge', 'When a version last committed a position.'],
  millrace_application_event_timestamp_seconds: ['gauge', 'The largest timestamp of a source record so far.'],
  millrace_application_standstill_seconds: ['gauge', 'For how long a version has not moved with records to read.'],
  millrace_consumed_records_total: ['counter', 'Source records that a version has processed, by topic.'],
  millrace_produced_records_total: ['counter', 'Records that a version has written, by topic.'],
  millrace_dropped_records_total: ['counter', 'Records that an operator dropped, by reason.'],
  millrace_failed_records_total: ['counter', 'Records that failed in an operator and were passed over, by error code.'],
  millrace_position_offset: ['gauge', 'The offset of the next record that a version reads.'],
  millrace_lag_records: ['gauge', 'Records from the position of a version to the end of the partition.'],
  millrace_lag_seconds: ['gauge', 'Age of the first record that a version has yet to read, by its timestamp.'],
  millrace_standstill_seconds: [
    'gauge',
    'For how long a running version has stood still with records to read, by kind.',
  ],
  millrace_stream_timestamp_seconds: ['gauge', 'Stream time: the largest timestamp that an operator has seen.'],
  millrace_store_rows: ['gauge', 'Rows of a store, counted at most every 30 seconds.'],
  millrace_store_bytes: ['gauge', 'About what the rows of a store take.'],

  // What a running instance says of itself. It begins with the instance.
  millrace_figures_timestamp_seconds: ['gauge', 'When an instance took the figures that begin with it.'],
  millrace_turn_duration_seconds: ['histogram', 'Stretches of work without a break.'],
  millrace_commit_duration_seconds: ['histogram', 'Commits, from when one begins until it is durable.'],
  millrace_append_to_commit_seconds: ['histogram', 'From when records are found until what came of them is durable.'],
  millrace_busy_ratio: ['gauge', 'Share of the last minute that an instance worked on the event loop.'],
  millrace_operator_records_total: ['counter', 'Records that went into an operator.'],
  millrace_operator_busy_ratio: ['gauge', 'Share of the last minute that an operator worked, from samples.'],
  millrace_store_cache_hits_total: ['counter', 'Rows that were asked for by key and were in memory.'],
  millrace_store_cache_misses_total: ['counter', 'Rows that had to be looked for on the disk.'],
  millrace_store_cached_bytes: ['gauge', 'About what the rows of a store take in memory.'],
  millrace_open_calls: ['gauge', 'Calls of an operator that are not done.'],
  millrace_oldest_call_seconds: ['gauge', 'For how long the oldest of these calls has been waited for.'],

  // Groups of consumers.
  millrace_group_state: ['gauge', 'Whether a consumer group is in this state: 1 or 0.'],
  millrace_group_members: ['gauge', 'Members of a consumer group.'],
  millrace_group_position_offset: ['gauge', 'The committed position of a consumer group.'],
  millrace_group_lag_records: ['gauge', 'Records from the position of a consumer group to the end of the partition.'],
  millrace_group_lag_seconds: ['gauge', 'Age of the first record that a consumer group has yet to read.'],

  // Topics.
  millrace_topic_records: ['gauge', 'Offsets from the first record of a topic to its end, in all partitions.'],
  millrace_topic_bytes: ['gauge', 'Batches of a topic as they are stored, in bytes.'],
  millrace_topic_last_append_timestamp_seconds: ['gauge', 'When the last batch was appended to a topic.'],
  millrace_topic_start_offset: ['gauge', 'The first offset that a partition keeps.'],
  millrace_topic_end_offset: ['gauge', 'One past the offset of the last record of a partition.'],

  // The file.
  millrace_log_file_bytes: ['gauge', 'The size of the file of the log.'],
  millrace_log_used_bytes: ['gauge', 'Bytes of the file in pages that hold something.'],
  millrace_log_free_bytes: ['gauge', 'Bytes of the file in pages that can be used again.'],
  millrace_log_commits_total: ['counter', 'Commits of any process since the log was made.'],
  millrace_log_processes: ['gauge', 'Processes that have the log open.'],

  // The scrape itself.
  millrace_scrape_left_out: ['gauge', 'Things of a kind that have no series here because there are too many.'],
} as const

export type FamilyName = keyof typeof families
