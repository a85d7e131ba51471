package smalti.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import smalti.spec.file.RecordTree;
import smalti.spec.model.ModelSpec;
import smalti.trainer.Presets;
import smalti.trainer.SpecFiles;

class PresetsCommandTest {
    @Test
    void theListSaysWhatEachIsForAndNeeds() {
        var lines = Cli.run("presets").succeeds().out().lines().toList();
        assertThat(lines).hasSize(1 + Presets.names().size());
        assertThat(lines.get(0)).matches("preset +time +memory +for");
        for (int i = 0; i < Presets.names().size(); i++) {
            assertThat(lines.get(1 + i)).matches(Presets.names().get(i) + " +\\d+ min on 2 cores +\\d+ MB +[A-Za-z].+");
        }
    }

    @Test
    void theListAsJson() throws IOException {
        var json = Cli.run("presets", "--json").succeeds().out();
        var presets = new com.fasterxml.jackson.databind.ObjectMapper().readTree(json);
        assertThat(presets.fieldNames()).toIterable().containsExactly("presets");
        assertThat(presets.at("/presets")).hasSameSizeAs(Presets.names());
        var first = presets.at("/presets/0");
        assertThat(first.fieldNames())
                .toIterable()
                .containsExactly("name", "kind", "purpose", "minutes", "cores", "megabytes");
        assertThat(first.at("/name").textValue()).isEqualTo("vqvae");
        assertThat(first.at("/kind").textValue()).isEqualTo("vqvae");
        assertThat(first.at("/minutes").intValue()).isPositive();
    }

    @Test
    void whatIsPrintedIsAFileToTrainFrom(@TempDir Path folder) throws IOException {
        for (var name : Presets.names()) {
            var printed = Cli.run("presets", name).succeeds().out();
            assertThat(printed).startsWith("# For: ");
            var file = Files.writeString(folder.resolve("model.yaml"), printed);
            assertThat(SpecFiles.read(file)).isEqualTo(Presets.named(name));
            var json = Cli.run("presets", name, "--json").succeeds().out();
            assertThat(RecordTree.parse(json, ModelSpec.class, name)).isEqualTo(Presets.named(name));
        }
    }

    @Test
    void anotherNameIsRefusedWithThoseKnown() {
        Cli.run("presets", "x").isRefusedFor("NAME must be one of vqvae, ", ", got x");
        Cli.run("presets", "vqvae", "dcgan").isRefusedFor("dcgan");
        assertThat(Cli.run("presets", "--help").succeeds().out()).contains("Usage: smalti presets", "--json", "NAME");
    }
}
