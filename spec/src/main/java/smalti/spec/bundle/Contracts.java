package smalti.spec.bundle;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import smalti.spec.SpecException;
import smalti.spec.model.SpecKinds;

/** The contracts of a model, at most one of each kind. In files: a mapping of kinds. */
public final class Contracts {
    private final Map<Class<? extends Contract>, Contract> byKind;

    private Contracts(Map<Class<? extends Contract>, Contract> byKind) {
        this.byKind = byKind;
    }

    /** @throws SpecException if two are of one kind */
    public static Contracts of(Contract... contracts) {
        return of(List.of(contracts));
    }

    /** @throws SpecException if two are of one kind */
    public static Contracts of(Collection<? extends Contract> contracts) {
        var byKind = new LinkedHashMap<Class<? extends Contract>, Contract>();
        for (var contract : contracts) {
            if (byKind.put(contract.getClass(), contract) != null) {
                throw new SpecException(name(contract.getClass()) + " must be there once, and is there twice");
            }
        }
        return new Contracts(byKind);
    }

    /** The same with another, in place of the one of its kind. */
    public Contracts with(Contract contract) {
        var changed = new LinkedHashMap<>(byKind);
        changed.put(contract.getClass(), contract);
        return new Contracts(changed);
    }

    public <T extends Contract> Optional<T> find(Class<T> kind) {
        return Optional.ofNullable(kind.cast(byKind.get(kind)));
    }

    /** @throws SpecException if there is none of that kind */
    public <T extends Contract> T get(Class<T> kind) {
        var contract = byKind.get(kind);
        if (contract == null) {
            throw new SpecException("contracts." + name(kind) + " is missing");
        }
        return kind.cast(contract);
    }

    public boolean has(Class<? extends Contract> kind) {
        return byKind.containsKey(kind);
    }

    /** Names of the classes 0, 1, …; empty where no class is an input. */
    public List<String> classes() {
        return byKind.get(Contract.Classes.class) instanceof Contract.Classes classes ? classes.names() : List.of();
    }

    public List<Contract> all() {
        return new ArrayList<>(byKind.values());
    }

    /** As files name a kind. */
    public static String name(Class<? extends Contract> kind) {
        return SpecKinds.name(Contract.class, kind);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Contracts contracts && byKind.equals(contracts.byKind);
    }

    @Override
    public int hashCode() {
        return byKind.hashCode();
    }

    @Override
    public String toString() {
        return byKind.values().toString();
    }
}
