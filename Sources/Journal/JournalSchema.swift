import GRDB

/// The tables of the journal's file.
///
/// The state of an entry at a destination of its audience follows from them in this order: its row in `delivery`;
/// else, at or before the destination's `cursor`, delivered; else, named in a `receipt`, delivered; else pending.
///
/// SQLite does not notice a flipped bit. Where one would lose or alter an event unseen, a row carries a checksum.
enum JournalSchema {
    /// The steps from an empty file to the present tables, by version.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { try $0.execute(sql: version1) }
        migrator.registerMigration("activity") { try $0.execute(sql: activity) }
        return migrator
    }

    static let activity = """
        -- How many pushes a route accepted in an hour (since 1970): what its weeks look like. Hours in which nobody ran are
        -- not there.
        CREATE TABLE activity (
            route TEXT NOT NULL,
            hour INTEGER NOT NULL,
            pushes INTEGER NOT NULL,
            PRIMARY KEY (route, hour)
        ) STRICT, WITHOUT ROWID;
        """

    static let version1 = """
        -- What a few dozen events have in common, once.
        CREATE TABLE kind (
            id INTEGER PRIMARY KEY,
            route TEXT NOT NULL,
            source TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            UNIQUE (route, source, namespace, name)
        ) STRICT;

        -- Everyone who was ever a destination, with the ledger: counts since the file was made, pruned entries included.
        CREATE TABLE destination (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            cursor INTEGER NOT NULL DEFAULT 0,
            handed INTEGER NOT NULL DEFAULT 0,
            accepted INTEGER NOT NULL DEFAULT 0,
            delivered INTEGER NOT NULL DEFAULT 0,
            dead INTEGER NOT NULL DEFAULT 0,
            expired INTEGER NOT NULL DEFAULT 0,
            dropped INTEGER NOT NULL DEFAULT 0,
            pruned_delivered INTEGER NOT NULL DEFAULT 0,
            pruned_dead INTEGER NOT NULL DEFAULT 0,
            pruned_expired INTEGER NOT NULL DEFAULT 0,
            pruned_dropped INTEGER NOT NULL DEFAULT 0,
            checksum INTEGER NOT NULL DEFAULT 0
        ) STRICT;

        -- A set of destinations: a JSON array of their ids, ascending.
        CREATE TABLE audience (
            id INTEGER PRIMARY KEY,
            destinations TEXT NOT NULL UNIQUE
        ) STRICT;

        -- The accepted events. `id` is a UUID of 16 bytes, `time` milliseconds since 1970. Behind `traceparent` may stand
        -- the client's certificate and the request, see EventOrigin.
        CREATE TABLE event (
            position INTEGER PRIMARY KEY,
            kind INTEGER NOT NULL,
            audience INTEGER NOT NULL,
            time INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            id BLOB NOT NULL,
            subject TEXT NOT NULL,
            traceparent TEXT,
            data BLOB NOT NULL
        ) STRICT;

        -- Entries that left the line of a destination otherwise than by a plain delivery.
        -- state: retry (due at a moment), held (behind another of its subject), dead, expired, dropped.
        -- claimed: 1 while a deliverer has it; `due` is then when the claim ends.
        CREATE TABLE delivery (
            destination INTEGER NOT NULL,
            position INTEGER NOT NULL,
            subject TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('retry', 'held', 'dead', 'expired', 'dropped')),
            replay INTEGER NOT NULL DEFAULT 0,
            claimed INTEGER NOT NULL DEFAULT 0,
            due INTEGER,
            attempts INTEGER NOT NULL,
            changed INTEGER NOT NULL,
            reason TEXT,
            PRIMARY KEY (destination, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX delivery_due ON delivery (destination, due) WHERE state = 'retry';
        CREATE INDEX delivery_claimed ON delivery (destination) WHERE claimed = 1;
        CREATE INDEX delivery_lane ON delivery (destination, subject, position)
            WHERE state IN ('retry', 'held') AND replay = 0;
        CREATE INDEX delivery_entry ON delivery (position);

        -- Deliveries that went well, one row for each destination and commit: `entries` holds, for every entry, the
        -- distance of its position from the one before (the first: from `first`), the attempt's number, its HTTP
        -- status, how long before `time` it ended and its latency (both in milliseconds), as unsigned LEB128 numbers.
        CREATE TABLE receipt (
            destination INTEGER NOT NULL,
            last INTEGER NOT NULL,
            first INTEGER NOT NULL,
            serial INTEGER NOT NULL,
            time INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            entries BLOB NOT NULL,
            PRIMARY KEY (destination, last, first, serial)
        ) STRICT, WITHOUT ROWID;

        -- Attempts that did not go well.
        CREATE TABLE attempt (
            position INTEGER NOT NULL,
            destination INTEGER NOT NULL,
            number INTEGER NOT NULL,
            time INTEGER NOT NULL,
            latency INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            detail TEXT,
            status INTEGER,
            PRIMARY KEY (position, destination, number)
        ) STRICT, WITHOUT ROWID;

        -- What operators ask of the process that holds the journal: retry or drop what a filter selects (JSON).
        CREATE TABLE request (
            id INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            action TEXT NOT NULL,
            filter TEXT NOT NULL,
            resume INTEGER NOT NULL DEFAULT 0,
            done INTEGER NOT NULL DEFAULT 0,
            total INTEGER,
            finished INTEGER,
            problem TEXT
        ) STRICT;

        -- The few rows without which no event can be understood, a second time and on another page: `content` is a JSON
        -- array of the columns behind `id`.
        CREATE TABLE spare (
            origin TEXT NOT NULL,
            id INTEGER NOT NULL,
            content TEXT NOT NULL,
            PRIMARY KEY (origin, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER spare_kind AFTER INSERT ON kind BEGIN
            INSERT OR REPLACE INTO spare
            VALUES ('kind', new.id, json_array(new.route, new.source, new.namespace, new.name));
        END;
        CREATE TRIGGER spare_audience AFTER INSERT ON audience BEGIN
            INSERT OR REPLACE INTO spare VALUES ('audience', new.id, json_array(new.destinations));
        END;
        CREATE TRIGGER spare_destination AFTER INSERT ON destination BEGIN
            INSERT OR REPLACE INTO spare VALUES ('destination', new.id, json_array(new.name));
        END;
        """
}
