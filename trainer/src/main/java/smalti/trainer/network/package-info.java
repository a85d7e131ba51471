/**
 * Networks that a spec names, made of {@linkplain smalti.trainer.layer layers}. Start at
 * {@link smalti.trainer.network.Autoencoder}.
 */
@NullMarked
package smalti.trainer.network;

import org.jspecify.annotations.NullMarked;
