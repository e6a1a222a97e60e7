// What the public classes of Kafka Streams 4.x bring to a topology script and its run: method by method and setting by
// setting. The page beside it has to say of each how it is done here, or that it is not.
const words = (text: string): readonly string[] => text.trim().split(/\s+/)

export const kafkaNames: Readonly<Record<string, readonly string[]>> = {
  StreamsBuilder: words('stream table globalTable addStateStore addGlobalStore build TopologyConfig'),
  KStream:
    words(`filter filterNot selectKey map mapValues flatMap flatMapValues print foreach peek split merge repartition
    to toTable groupBy groupByKey join leftJoin outerJoin process processValues TopicNameExtractor`),
  BranchedKStream: words('branch defaultBranch noDefaultBranch'),
  Branched: words('Branched.as withFunction withConsumer'),
  KTable: words(`filter filterNot mapValues toStream suppress transformValues groupBy join leftJoin outerJoin
    queryableStoreName`),
  GlobalKTable: words('GlobalKTable'),
  KGroupedStream: words('KGroupedStream count reduce aggregate windowedBy cogroup'),
  KGroupedTable: words('KGroupedTable count reduce aggregate'),
  TimeWindowedKStream: words('TimeWindowedKStream count reduce aggregate emitStrategy'),
  SessionWindowedKStream: words('SessionWindowedKStream count reduce aggregate emitStrategy'),
  CogroupedKStream: words('CogroupedKStream TimeWindowedCogroupedKStream SessionWindowedCogroupedKStream'),
  EmitStrategy: words('onWindowUpdate onWindowClose'),
  Topology: words(`addSource addProcessor addSink addStateStore addReadOnlyStateStore addGlobalStore
    connectProcessorAndStateStores describe TopologyDescription`),
  Materialized: words(`Materialized.as Materialized.with withRetention withCachingEnabled withCachingDisabled
    withLoggingEnabled withLoggingDisabled withStoreType withKeySerde withValueSerde`),
  Consumed: words('Consumed.with Consumed.as withTimestampExtractor withOffsetResetPolicy AutoOffsetReset byDuration'),
  Produced: words('Produced.with Produced.as withStreamPartitioner'),
  Grouped: words('Grouped.with Grouped.as withName'),
  Joined: words('Joined.with Joined.as withOtherValueSerde withGracePeriod'),
  StreamJoined: words(`StreamJoined.with StreamJoined.as withStoreName withThisStoreSupplier withOtherStoreSupplier
    withDslStoreSuppliers`),
  TableJoined: words('TableJoined.with TableJoined.as'),
  Repartitioned: words('Repartitioned.with Repartitioned.as numberOfPartitions streamPartitioner StreamPartitioner'),
  Named: words('Named.as'),
  Printed: words('Printed'),
  Suppressed: words(`untilWindowCloses untilTimeLimit BufferConfig maxRecords maxBytes unbounded withNoBound
    shutDownWhenFull emitEarlyWhenFull`),
  Windows: words(`ofSizeWithNoGrace ofSizeAndGrace advanceBy ofTimeDifferenceWithNoGrace ofTimeDifferenceAndGrace
    ofInactivityGapWithNoGrace ofInactivityGapAndGrace before after UnlimitedWindows.of startOn Windowed
    timeWindowedSerdeFrom sessionWindowedSerdeFrom`),
  Stores: words(`keyValueStoreBuilder timestampedKeyValueStoreBuilder versionedKeyValueStoreBuilder windowStoreBuilder
    timestampedWindowStoreBuilder sessionStoreBuilder persistentKeyValueStore persistentTimestampedKeyValueStore
    persistentVersionedKeyValueStore persistentWindowStore persistentTimestampedWindowStore persistentSessionStore
    inMemoryKeyValueStore inMemoryWindowStore inMemorySessionStore lruMap`),
  Processor: words(`ProcessorSupplier stores Processor.init ContextualProcessor FixedKeyProcessor forward schedule
    Cancellable getStateStore currentStreamTimeMs currentSystemTimeMs recordMetadata commit taskId applicationId appConfigs
    stateDir metrics keySerde valueSerde ProcessorWrapper`),
  'State stores': words(`get put putIfAbsent putAll delete range reverseRange all reverseAll prefixScan
    approximateNumEntries fetch findSessions remove TimestampedKeyValueStore VersionedKeyValueStore WindowStore SessionStore`),
  'Interactive queries': words(`StoreQueryParameters fromNameAndType QueryableStoreTypes withPartition enableStaleStores
    StateQueryRequest KeyQuery RangeQuery TimestampedKeyQuery TimestampedRangeQuery WindowKeyQuery WindowRangeQuery
    VersionedKeyQuery MultiVersionedKeyQuery withPartitions withAllPartitions PositionBound QueryResult requireActive
    enableExecutionInfo queryMetadataForKey metadataForAllStreamsClients streamsMetadataForStore
    allLocalStorePartitionLags ReadOnlyKeyValueStore ReadOnlyWindowStore ReadOnlySessionStore backwardFetch fetchAll
    backwardFetchAll backwardAll fetchSession findSessions backwardFindSessions`),
  KafkaStreams: words(`start close cleanUp pause resume state setStateListener setUncaughtExceptionHandler
    setGlobalStateRestoreListener setStandbyUpdateListener addStreamThread removeStreamThread clientInstanceIds`),
  StreamsConfig: words(`acceptable.recovery.lag allow.os.group.write.access application.id application.server
    bootstrap.servers buffered.records.per.partition built.in.metrics.version client.id commit.interval.ms
    connections.max.idle.ms default.client.supplier default.dsl.store default.key.serde default.timestamp.extractor
    default.value.serde deserialization. dsl.store.suppliers.class enable.metrics.push
    ensure.explicit.internal.resource.naming errors.dead.letter.queue.topic.name group.protocol log.summary.interval.ms
    max.task.idle.ms max.warmup.replicas metadata. metric.reporters metrics.num.samples metrics.recording.level
    metrics.sample.window.ms num.standby.replicas num.stream.threads poll.ms probing.rebalance.interval.ms processing.
    processing.guarantee processor.wrapper.class production.exception.handler rack.aware. receive.buffer.bytes reconnect.
    repartition.purge.interval.ms replication.factor request.timeout.ms retry.backoff.ms rocksdb.config.setter
    security.protocol send.buffer.bytes state.cleanup.delay.ms state.dir statestore.cache.max.bytes task.assignor.class
    task.timeout.ms topology.optimization upgrade.from window.size.ms windowed.inner.class.serde
    windowstore.changelog.additional.retention.ms auto.offset.reset`),
  TopologyTestDriver: words(`createInputTopic createOutputTopic pipeInput pipeValueList pipeKeyValueList pipeRecordList
    advanceTime readValue readKeyValue readRecord readValuesToList readKeyValuesToList readKeyValuesToMap
    readRecordsToList getQueueSize isEmpty getAllStateStores getKeyValueStore getVersionedKeyValueStore getWindowStore
    getSessionStore advanceWallClockTime producedTopicNames MockProcessorContext`),
}
