package smalti.bench;

import java.nio.file.Path;
import java.util.zip.CRC32;
import smalti.runtime.Codes;
import smalti.runtime.SmaltiModel;
import smalti.spec.bundle.Contract;

/** A program that decodes one picture by the runtime and prints its checksum; timed by {@link ColdStart}. */
public final class FirstPicture {
    private FirstPicture() {}

    /** @param args a bundle, how many codes a picture has on each side, and how many there are to choose from */
    public static void main(String[] args) {
        int side = Integer.parseInt(args[1]);
        var values = BareFirstPicture.codes(side, Integer.parseInt(args[2]));
        try (var model = SmaltiModel.open(Path.of(args[0]))) {
            var codebook = model.manifest().contracts().get(Contract.Codebook.class);
            var codes = new Codes(1, side, side, values, codebook.exportedFingerprint());
            var sum = new CRC32();
            sum.update(model.codec().decode(codes).data());
            System.out.println(sum.getValue());
        }
    }
}
