// The cases of record-batches.json and the keys of murmur2.json, as data: what to encode, and why.
// Main encodes them with the Java client.
package vectors;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

final class Cases {
  /** `records` stands for itself repeated `times` times, so that long batches stay short in JSON. */
  record Case(
      String name, String about, long baseOffset, String compression, long producerId,
      short producerEpoch, int baseSequence, boolean transactional, int times, List<Rec> records,
      String batch) {

    Case at(long offset) {
      return new Case(name, about, offset, compression, producerId, producerEpoch, baseSequence,
          transactional, times, records, batch);
    }

    Case times(int n) {
      return new Case(name, about, baseOffset, compression, producerId, producerEpoch, baseSequence,
          transactional, n, records, batch);
    }

    Case packed(String by) {
      return new Case(name + "-" + by, about + "; " + by, baseOffset, by, producerId,
          producerEpoch, baseSequence, transactional, times, records, batch);
    }

    Case producer(boolean inTransaction) {
      return new Case(name, about, baseOffset, compression, 4711, (short) 3, 17, inTransaction,
          times, records, batch);
    }

    Case batch(String hex) {
      return new Case(name, about, baseOffset, compression, producerId, producerEpoch, baseSequence,
          transactional, times, records, hex);
    }
  }

  /** Key and value are null, hex, or `{ repeat: hex, bytes: n }`. */
  record Rec(long timestamp, Object key, Object value, List<Head> headers) {}

  record Head(String key, String value) {}

  /** The vectors published in Kafka's own UtilsTest. */
  static final Map<String, Integer> PUBLISHED_HASHES = Map.of(
      "21", -973932308,
      "foobar", -790332482,
      "a-little-bit-long-string", -985981536,
      "a-little-bit-longer-string", -1486304829,
      "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971,
      "abc", 479470107);

  private static final long T = 1_700_000_000_000L;

  static List<Case> batches() {
    var headers = plain("headers", "one, several, repeated in order, empty, null, unicode key",
        rec(T, "k", "one", head("a", "1")),
        rec(T, "k", "several", head("b", "2"), head("a", "1"), head("c", "3")),
        rec(T, "k", "repeated", head("a", "2"), head("b", "x"), head("a", "1"), head("a", "2")),
        rec(T, "k", "empty value", head("a", "")),
        rec(T, "k", "null value", head("a", null)),
        rec(T, "k", "unicode key", head("clé-键-🔑", "wert-ü")),
        rec(T, "k", "empty key", head("", "v")));
    var values = new Case("value-sizes", "value lengths on both sides of the varint boundaries", 0,
        "none", -1, (short) -1, -1, false, 1,
        IntStream.of(63, 64, 8191, 8192).mapToObj(Cases::filled).toList(), null);
    var thousand = plain("thousand-records", "1000 small records, timestamps going up and down",
        rec(T, "a", "1"), rec(T + 5, "bc", "23"), rec(T + 64, null, "4"), rec(T - 1, "d", null))
        .times(250);
    var idempotent = plain("idempotent", "written by an idempotent producer",
        rec(T, "k", "v"), rec(T + 1, "k", "v2"), rec(T + 2, "k", "v3")).producer(false);

    var blocks = new Case("several-blocks", "more than one block of snappy, lz4 and zstd", 0,
        "none", -1, (short) -1, -1, false, 1, List.of(filled(70_000), filled(90_000)), null);

    var batches = new ArrayList<>(List.of(
        plain("one-record", "one record", rec(T, "key", "value")),
        plain("null-key", "null key", rec(T, null, "value")),
        plain("null-value", "null value (tombstone)", rec(T, "key", null)),
        plain("null-key-and-value", "null key and null value", rec(T, null, null)),
        plain("empty-key-and-value", "empty, not null, key and value", rec(T, "", "")),
        stamps("timestamps-increasing", "max timestamp is the last", T, T + 1, T + 1000),
        stamps("timestamps-equal", "all timestamp deltas are 0", T, T, T),
        stamps("timestamps-decreasing", "base timestamp is the first and the max",
            T, T - 1, T - 1000),
        stamps("timestamps-mixed", "max timestamp is in the middle", T, T + 70, T - 70, T + 3),
        stamps("timestamps-far-back", "negative delta of more than 32 bits", 10_000_000_000_000L, 0),
        stamps("timestamps-far-ahead", "positive delta of more than 32 bits", 0, 10_000_000_000_000L),
        stamps("timestamps-varint-boundaries",
            "deltas at the ends of 1, 2 and 5 byte varints and of 32 bits",
            T, T + 63, T + 64, T - 64, T - 65, T + 8191, T + 8192, T - 8192, T - 8193,
            T + (1L << 31) - 1, T + (1L << 31), T - (1L << 31), T - (1L << 31) - 1,
            T + (1L << 32), T + (1L << 34) - 1, T + (1L << 34), T - (1L << 34), T - (1L << 34) - 1),
        headers,
        values,
        thousand,
        plain("two-hundred-records", "200 records: offset deltas over the varint boundary",
            rec(T, "k", "v"), rec(T + 1, "k", "w")).times(100),
        plain("large-base-offset", "base offset 2^33 + 5", rec(T, "k", "v"), rec(T, "k", "w"))
            .at((1L << 33) + 5),
        plain("unicode-keys", "2, 3 and 4 byte UTF-8",
            rec(T, "ключ", "значение"), rec(T, "键", "值"), rec(T, "🔑", "🎉"), rec(T, "é", "é")),
        headers.packed("gzip"),
        values.packed("gzip"),
        thousand.packed("gzip"),
        idempotent,
        idempotent.packed("gzip"),
        plain("transactional", "written in a transaction", rec(T, "k", "v"), rec(T + 1, "k", "v2"))
            .producer(true)));
    for (var by : List.of("snappy", "lz4", "zstd")) {
      for (var each : List.of(headers, values, thousand, blocks)) batches.add(each.packed(by));
    }
    return batches;
  }

  /** All lengths 0..20 with low, high and mixed bytes; then the published ones, then unicode. */
  static List<byte[]> keys() {
    var keys = new ArrayList<byte[]>();
    for (int length = 0; length <= 20; length++) {
      keys.add(key(length, 0x01, 0x07, 0x7f));
      if (length == 0) continue;
      keys.add(key(length, 0xff, -0x0b, 0xff));
      keys.add(key(length, 0x80 + length, 0x53, 0xff));
    }
    PUBLISHED_HASHES.keySet().stream().sorted().forEach(text -> keys.add(utf8(text)));
    for (var text : List.of("ключ", "键", "🔑")) keys.add(utf8(text));
    return keys;
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Case plain(String name, String about, Rec... records) {
    return new Case(name, about, 0, "none", -1, (short) -1, -1, false, 1, List.of(records), null);
  }

  private static Case stamps(String name, String about, long... timestamps) {
    return plain(name, about,
        LongStream.of(timestamps).mapToObj(at -> rec(at, "k", "v")).toArray(Rec[]::new));
  }

  private static Rec rec(long timestamp, String key, String value, Head... headers) {
    return new Rec(timestamp, hex(key), hex(value), List.of(headers));
  }

  private static Rec filled(int bytes) {
    var value = new LinkedHashMap<String, Object>();
    value.put("repeat", hex("millrace"));
    value.put("bytes", bytes);
    return new Rec(T, hex("k"), value, List.of());
  }

  private static Head head(String key, String value) {
    return new Head(key, hex(value));
  }

  private static byte[] key(int length, int first, int step, int mask) {
    var bytes = new byte[length];
    for (int i = 0; i < length; i++) bytes[i] = (byte) (first + i * step & mask);
    return bytes;
  }

  private static String hex(String text) {
    return text == null ? null : HexFormat.of().formatHex(utf8(text));
  }
}
