-- What proves a card and its holder, and the keys for it: all of them under the HSM's local master key, of no use outside it.

-- version: the generation of a session key, 1 for others. Never changed; a newer version is a row more.
CREATE TABLE hsm_key (
    name       text        COLLATE "C" NOT NULL,  -- 'pan_index', 'program/FLEET/pvk', 'terminal/T0101/tpk', 'acquirer/900001/zpk', 'bdk/...'
    version    integer     NOT NULL CHECK (version > 0),
    usage      text        NOT NULL CHECK (usage ~ '^[A-Z0-9]{2}$'),  -- ANSI X9.143: P0, V2, C0, M3, ...
    algorithm  text        NOT NULL CHECK (algorithm ~ '^[A-Z]$'),
    block      text        NOT NULL,              -- as the HSM's commands take it
    kcv        text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at    timestamptz,                       -- a session key: when the terminal first proved that it has it
    PRIMARY KEY (name, version)
);

-- How the cards of one product are proved. Its keys are hsm_key 'program/<program_id>/...'.
CREATE TABLE program (
    program_id     text    PRIMARY KEY,
    pin_method     text    NOT NULL DEFAULT 'none' CHECK (pin_method IN ('none', 'pvv', 'ibm3624')),
    pvki           smallint NOT NULL DEFAULT 1 CHECK (pvki BETWEEN 0 AND 6),
    decimalization text    NOT NULL DEFAULT '0123456789012345' CHECK (decimalization ~ '^[0-9]{16}$'),
    pin_required   boolean NOT NULL DEFAULT false,  -- a sale needs the PIN, by block or proved by the chip
    pin_tries      smallint NOT NULL DEFAULT 3 CHECK (pin_tries BETWEEN 1 AND 15),
    cvv            boolean NOT NULL DEFAULT false,  -- track 2 carries a card verification value
    scheme         text    NOT NULL DEFAULT '',     -- of the chip's cryptogram: '', 'fleet', 'visa', 'mastercard'
    chip_required  boolean NOT NULL DEFAULT false,  -- the cards have a chip: a sale on the number or the track alone is refused
    CHECK (NOT chip_required OR scheme <> '')
);

ALTER TABLE card
    ADD COLUMN program_id      text REFERENCES program,
    ADD COLUMN pin_value       text     NOT NULL DEFAULT '',  -- PVV, or IBM 3624 offset; never a PIN
    ADD COLUMN psn             text     NOT NULL DEFAULT '00' CHECK (psn ~ '^[0-9]{2}$'),
    ADD COLUMN pin_reset_fence bigint   NOT NULL DEFAULT 0;   -- wrong tries below this fence are forgiven

ALTER TABLE terminal ADD COLUMN mac_required boolean NOT NULL DEFAULT false;

-- +1 for a wrong PIN, minus what a right one set back: the sum is what the card has tried.
ALTER TABLE journal ADD COLUMN pin_tries smallint NOT NULL DEFAULT 0;
CREATE INDEX journal_pin_tries ON journal (card_id, fence) WHERE pin_tries <> 0;
ALTER TYPE batch ADD ATTRIBUTE pin_tries smallint[];
