// Writes the golden vectors of test/fixtures with the real Java client (`make`), and reads batches
// made by anybody else with it (`verify`): the outside opinion on our own encoder.
package vectors;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.DefaultRecordBatch;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.Utils;
import vectors.Cases.Case;
import vectors.Cases.Head;
import vectors.Cases.Rec;

public final class Main {
  /** What the Java client reads from one batch. */
  record Batch(
      long baseOffset, long lastOffset, int partitionLeaderEpoch, String compression,
      String timestampType, long baseTimestamp, long maxTimestamp, long producerId,
      short producerEpoch, int baseSequence, boolean transactional, boolean control,
      List<Rec> records) {}

  /**
   * One entry of the file to verify. The name is only echoed. A batch that was compacted says the offsets of its records and,
   * when it keeps tombstones, until when; any other batch is dense.
   */
  record Given(String name, String batch, List<Long> offsets, Long deleteHorizonMs) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Verdict(String name, boolean valid, String error, List<Batch> batches) {}

  record Hash(String key, int hash, Map<String, Integer> partitions) {}

  private static final HexFormat HEX = HexFormat.of();
  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  public static void main(String[] args) throws IOException {
    if (args.length == 2 && args[0].equals("make")) make(Path.of(args[1]));
    else if (args.length == 3 && args[0].equals("verify")) verify(Path.of(args[1]), args[2]);
    else throw new IllegalArgumentException("usage: make <directory> | verify <in.json> <out.json|->");
  }

  private static void make(Path directory) throws IOException {
    var batches = directory.resolve("record-batches.json");
    write(batches, Cases.batches().stream().map(c -> c.batch(HEX.formatHex(encode(c)))).toList());
    var hashes = directory.resolve("murmur2.json");
    write(hashes, Cases.keys().stream().map(Main::hash).toList());

    List<Case> cases = JSON.readValue(batches.toFile(), new TypeReference<>() {});
    cases.forEach(Main::check);
    Cases.PUBLISHED_HASHES.forEach((text, hash) ->
        expect("murmur2 of " + text, hash, Utils.murmur2(Cases.utf8(text))));
    System.out.println(cases.size() + " batches written, read back and found equal");
  }

  private static void verify(Path file, String out) throws IOException {
    List<Given> given = JSON.readValue(file.toFile(), new TypeReference<>() {});
    var verdicts = given.stream().map(Main::judge).toList();
    if (out.equals("-")) System.out.println(pretty().writeValueAsString(verdicts));
    else write(Path.of(out), verdicts);
    long bad = verdicts.stream().filter(verdict -> !verdict.valid()).count();
    if (bad > 0) throw new IllegalStateException(bad + " of " + given.size() + " are not valid");
  }

  private static Verdict judge(Given given) {
    try {
      return new Verdict(given.name(), true, null, decode(HEX.parseHex(given.batch()), given));
    } catch (RuntimeException e) {
      return new Verdict(given.name(), false, e.toString(), null);
    }
  }

  private static byte[] encode(Case c) {
    var builder = MemoryRecords.builder(
        ByteBuffer.allocate(1024), RecordBatch.MAGIC_VALUE_V2,
        Compression.of(c.compression()).build(), TimestampType.CREATE_TIME, c.baseOffset(),
        RecordBatch.NO_TIMESTAMP, c.producerId(), c.producerEpoch(), c.baseSequence(),
        c.transactional(), 0);
    for (var r : repeated(c)) {
      var headers = r.headers().stream()
          .map(h -> new RecordHeader(h.key(), bytes(h.value()))).toArray(Header[]::new);
      builder.append(r.timestamp(), bytes(r.key()), bytes(r.value()), headers);
    }
    return Utils.toArray(builder.build().buffer());
  }

  /** All batches in the bytes. Throws when one is not as given, or when bytes are left over. */
  private static List<Batch> decode(byte[] bytes, Given given) {
    var records = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes));
    var batches = new ArrayList<Batch>();
    for (var each : records.batches()) {
      if (!(each instanceof DefaultRecordBatch batch)) {
        throw new IllegalArgumentException("magic is " + each.magic() + ", not 2");
      }
      batches.add(decode(batch, given));
    }
    if (batches.isEmpty()) throw new IllegalArgumentException("no complete batch");
    expect("bytes in complete batches", bytes.length, records.validBytes());
    return batches;
  }

  private static Batch decode(DefaultRecordBatch batch, Given given) {
    batch.ensureValid();
    var records = new ArrayList<Rec>();
    var offsets = new ArrayList<Long>();
    long maxTimestamp = RecordBatch.NO_TIMESTAMP;
    for (var r : batch) {
      r.ensureValid();
      var headers = Arrays.stream(r.headers()).map(h -> new Head(h.key(), hex(h.value()))).toList();
      records.add(new Rec(r.timestamp(), hex(r.key()), hex(r.value()), headers));
      offsets.add(r.offset());
      maxTimestamp = Math.max(maxTimestamp, r.timestamp());
    }
    // The client takes these two on trust; a broker does not.
    if (given.offsets() == null) {
      expect("offsets", LongStream.rangeClosed(batch.baseOffset(), batch.lastOffset()).boxed().toList(), offsets);
    } else {
      expect("offsets", given.offsets(), offsets);
    }
    var horizon = given.deleteHorizonMs() == null
        ? OptionalLong.empty() : OptionalLong.of(given.deleteHorizonMs());
    expect("delete horizon", horizon, batch.deleteHorizonMs());
    expect("max timestamp", maxTimestamp, batch.maxTimestamp());
    return new Batch(
        batch.baseOffset(), batch.lastOffset(), batch.partitionLeaderEpoch(),
        batch.compressionType().name, batch.timestampType().name, batch.baseTimestamp(),
        batch.maxTimestamp(), batch.producerId(), batch.producerEpoch(), batch.baseSequence(),
        batch.isTransactional(), batch.isControlBatch(), records);
  }

  /** A case as read from the file: its fields give its batch, and its batch gives its fields. */
  private static void check(Case c) {
    expect(c.name() + ": batch", c.batch(), HEX.formatHex(encode(c)));
    var records = repeated(c).stream()
        .map(r -> new Rec(r.timestamp(), hex(bytes(r.key())), hex(bytes(r.value())), r.headers()))
        .toList();
    var wanted = new Batch(
        c.baseOffset(), c.baseOffset() + records.size() - 1, 0, c.compression(), "CreateTime",
        records.get(0).timestamp(), records.stream().mapToLong(Rec::timestamp).max().getAsLong(),
        c.producerId(), c.producerEpoch(), c.baseSequence(), c.transactional(), false, records);
    expect(c.name(), List.of(wanted), decode(HEX.parseHex(c.batch()), new Given(c.name(), c.batch(), null, null)));
  }

  private static Hash hash(byte[] key) {
    int hash = Utils.murmur2(key);
    var partitions = new LinkedHashMap<String, Integer>();
    for (int n : new int[] {1, 2, 3, 4, 7, 16, 64}) {
      partitions.put(String.valueOf(n), Utils.toPositive(hash) % n);
    }
    return new Hash(hex(key), hash, partitions);
  }

  private static List<Rec> repeated(Case c) {
    return Collections.nCopies(c.times(), c.records()).stream().flatMap(List::stream).toList();
  }

  private static byte[] bytes(Object value) {
    if (value == null) return null;
    if (value instanceof String hex) return HEX.parseHex(hex);
    var filled = (Map<?, ?>) value;
    byte[] unit = HEX.parseHex((String) filled.get("repeat"));
    byte[] bytes = new byte[(Integer) filled.get("bytes")];
    for (int i = 0; i < bytes.length; i++) bytes[i] = unit[i % unit.length];
    return bytes;
  }

  private static String hex(byte[] bytes) {
    return bytes == null ? null : HEX.formatHex(bytes);
  }

  private static String hex(ByteBuffer buffer) {
    return hex(Utils.toNullableArray(buffer));
  }

  private static void expect(String what, Object wanted, Object found) {
    if (!wanted.equals(found)) {
      throw new IllegalStateException(what + ": expected " + wanted + ", found " + found);
    }
  }

  private static void write(Path file, Object content) throws IOException {
    Files.writeString(file, pretty().writeValueAsString(content) + "\n");
  }

  /** Indented by two, without Jackson's spaces before colons and in empty arrays. */
  private static ObjectWriter pretty() {
    var indent = new DefaultIndenter("  ", "\n");
    var printer = new DefaultPrettyPrinter(
        Separators.createDefaultInstance()
            .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
            .withObjectEmptySeparator("")
            .withArrayEmptySeparator(""))
        .withArrayIndenter(indent)
        .withObjectIndenter(indent);
    return JSON.writer(printer);
  }
}
