/**
 * Picture files as people have them: found, told apart by what they hold, decoded, turned upright, brought to a size.
 *
 * <pre>
 *   file, folder or ZIP ─▶ PictureTree ─▶ PictureReader ─▶ Picture ─▶ PictureFit, PictureFiles
 *                           │  PictureFormat: by the first bytes, never by the name
 *                           └─▶ what was left out, in one line
 *
 *   bytes ─▶ PictureReader: header ─▶ size against maxPixels ─▶ ImageIO ─▶ sRGB or grey, on white ─▶ Orientation
 * </pre>
 *
 * <p>Whoever reads picture files reads them here, and so by the same rules. Start at {@link
 * smalti.pictures.PictureReader}, which says what becomes of pixels, and at {@link smalti.pictures.PictureTree}. Nothing
 * here knows an engine.
 */
@NullMarked
package smalti.pictures;

import org.jspecify.annotations.NullMarked;
