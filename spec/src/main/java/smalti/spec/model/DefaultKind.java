package smalti.spec.model;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What a part is where its file names no {@code kind}: of an interface that was one record before it had kinds, so that
 * the files of that time still open.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface DefaultKind {
    /** A registered name. */
    String value();
}
