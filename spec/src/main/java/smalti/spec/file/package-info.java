/**
 * How records and arrays are kept in files, and how files are written whole or not at all.
 *
 * <pre>
 *   a record ◀── RecordTree ──▶ JSON (files of former formats are brought to today's by Formats)
 *   arrays   ◀── Npz ──▶ .npz
 *   a file   ◀── AtomicFiles ──▶ disk
 * </pre>
 *
 * <p>Start reading at {@link smalti.spec.file.RecordTree}.
 */
@NullMarked
package smalti.spec.file;

import org.jspecify.annotations.NullMarked;
