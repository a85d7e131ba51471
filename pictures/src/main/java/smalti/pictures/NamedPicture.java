package smalti.pictures;

/**
 * A picture and where it comes from.
 *
 * @param name its path below the folder or ZIP that was read, with '/' and without {@code ..}
 */
public record NamedPicture(String name, Picture picture) {}
