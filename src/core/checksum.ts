/**
 * CRC32C, the checksum of everything that the log stores: LMDB has none of its own.
 */
export { crc32c } from '@node-rs/crc32'
