/**
 * Every metric that goes out: its kind and its help text. docs/metrics.md has a row for each.
 *
 * Names keep to Prometheus: seconds and bytes, the unit at the end, `_total` for what only rises. What is committed is
 * counted since the application first started, so a restart changes nothing about it; the figures of an instance start
 * again with each instance.
 */

export const families = {
  // Versions of applications.
  millrace_application_state: ['gauge', '1 for the state that a version is in, else 0.'],
  millrace_application_live: ['gauge', '1 for the version that startStreams runs, else 0.'],
  millrace_application_started_timestamp_seconds: ['gauge', 'When a version was last started.'],
  millrace_application_last_commit_timestamp_seconds: ['gauge', 'When a version last committed a position.'],
  millrace_application_event_timestamp_seconds: ['gauge', 'The largest timestamp of a source record so far.'],
  millrace_application_standstill_seconds: ['gauge', 'How long a version has stood still, by kind, else 0.'],
  millrace_consumed_records_total: ['counter', 'Source records that a version has processed, by topic.'],
  millrace_produced_records_total: ['counter', 'Records that a version has written, by topic.'],
  millrace_dropped_records_total: ['counter', 'Records that an operator dropped, by reason.'],
  millrace_failed_records_total: ['counter', 'Records that failed in an operator and were passed over, by error code.'],
  millrace_position_offset: ['gauge', 'Offset of the next record that a version reads, as committed.'],
  millrace_lag_records: ['gauge', 'Records from the position of a version to the end of the partition.'],
  millrace_lag_seconds: ['gauge', 'Age of the next record that a version reads, by its timestamp.'],
  millrace_application_total_lag_records: ['gauge', 'The records of lag of a version in all partitions.'],
  millrace_application_total_lag_seconds: ['gauge', 'The largest age of lag of a version in all partitions.'],
  millrace_application_topic_lag_records: ['gauge', 'The records of lag of a version in all partitions of a topic.'],
  millrace_application_topic_lag_seconds: ['gauge', 'The largest age of lag of a version in a topic.'],
  millrace_stream_timestamp_seconds: ['gauge', 'Stream time: the largest timestamp that an operator has seen.'],
  millrace_store_rows: ['gauge', 'Rows of a store, counted at most every 30 seconds.'],
  millrace_store_bytes: ['gauge', 'About how much the rows of a store take in the log.'],

  // The figures of a running instance. They start again with each instance.
  millrace_figures_timestamp_seconds: ['gauge', 'When an instance took its figures.'],
  millrace_turn_duration_seconds: ['histogram', 'Stretches of work without a break.'],
  millrace_commit_duration_seconds: ['histogram', 'Commits, from their start until they are durable.'],
  millrace_append_to_commit_seconds: ['histogram', 'From when new records are found until their results are durable.'],
  millrace_busy_ratio: ['gauge', 'Share of the last minute in which an instance worked on the event loop.'],
  millrace_operator_records_total: ['counter', 'Records that went into an operator.'],
  millrace_operator_busy_ratio: ['gauge', 'Share of the last minute that an operator took, from samples.'],
  millrace_store_cache_hits_total: ['counter', 'Lookups by key that found the row in memory.'],
  millrace_store_cache_misses_total: ['counter', 'Lookups by key that had to go to the disk.'],
  millrace_store_cached_bytes: ['gauge', 'About how much the rows of a store take in memory.'],
  millrace_open_calls: ['gauge', 'Calls of an operator whose results are not processed yet.'],
  millrace_oldest_call_seconds: ['gauge', 'How long the oldest of these calls has been open.'],

  // Groups of consumers.
  millrace_group_state: ['gauge', '1 for the state that a consumer group is in, else 0.'],
  millrace_group_members: ['gauge', 'Live members of a consumer group.'],
  millrace_group_position_offset: ['gauge', 'Committed position of a consumer group.'],
  millrace_group_lag_records: ['gauge', 'Records from the position of a consumer group to the end of the partition.'],
  millrace_group_lag_seconds: ['gauge', 'Age of the next record that a consumer group reads, by its timestamp.'],
  millrace_group_total_lag_records: ['gauge', 'The records of lag of a consumer group in all partitions.'],
  millrace_group_total_lag_seconds: ['gauge', 'The largest age of lag of a consumer group in all partitions.'],
  millrace_group_topic_lag_records: ['gauge', 'The records of lag of a consumer group in all partitions of a topic.'],
  millrace_group_topic_lag_seconds: ['gauge', 'The largest age of lag of a consumer group in a topic.'],

  // Topics.
  millrace_topic_records: ['gauge', 'Offsets between start and end of a topic, in all partitions.'],
  millrace_topic_bytes: ['gauge', 'Size of the batches of a topic as stored.'],
  millrace_topic_last_append_timestamp_seconds: ['gauge', 'When the last batch was appended to a topic.'],
  millrace_topic_start_offset: ['gauge', 'First offset that a partition keeps.'],
  millrace_topic_end_offset: ['gauge', 'One past the offset of the last record of a partition.'],

  // The file.
  millrace_log_file_bytes: ['gauge', 'Size of the file of the log.'],
  millrace_log_used_bytes: ['gauge', 'Pages of the file that hold something, in bytes.'],
  millrace_log_free_bytes: ['gauge', 'Pages of the file that are free for reuse, in bytes.'],
  millrace_log_commits_total: ['counter', 'Commits of any process since the log was made.'],
  millrace_log_processes: ['gauge', 'Processes that have the log open.'],

  // The scrape itself.
  millrace_scrape_left_out: ['gauge', 'How many of a kind have no series in this scrape.'],
} as const

export type FamilyName = keyof typeof families
