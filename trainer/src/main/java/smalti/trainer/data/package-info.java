/**
 * Pictures to train on: read by {@code smalti.pictures}, brought to one size, held in memory, handed out in batches.
 *
 * <pre>
 *   folder ─┐               ┌─▶ FolderLayout ─▶ PictureLoader ─┐
 *           ├─▶ PictureTree ┤                                  ├─▶ Dataset (Pictures, Pictures)
 *   ZIP ────┘               └─▶ IdxFiles ──────────────────────┘
 *
 *   seed ─▶ ProceduralPictures ─▶ Pictures
 * </pre>
 *
 * <p>Start reading at {@link smalti.trainer.data.Dataset}, which says what it accepts, and at
 * {@link smalti.trainer.data.Pictures}, which training reads from. Nothing here knows an engine.
 */
@NullMarked
package smalti.trainer.data;

import org.jspecify.annotations.NullMarked;
