-- The peer of `chengxin bench ingest`: records in clear, as one would first think of them.
CREATE SCHEMA bench;
CREATE TABLE bench.record (
    record_id uuid PRIMARY KEY, provider text NOT NULL, record_number text NOT NULL, item_code text NOT NULL,
    party_identifier text NOT NULL, party_name text NOT NULL, document_kind text NOT NULL, document_number text NOT NULL,
    determined_on date NOT NULL, effective_on date NOT NULL, severity text NOT NULL,
    violation_type text, facts text, legal_basis text, penalty_category text, penalty_content text, fine_yuan numeric,
    confiscated_yuan numeric, remarks text, legal_representative text, subject_category text, authority_name text,
    source_unit text,
    UNIQUE (provider, record_number)
);
CREATE INDEX ON bench.record (party_identifier);
CREATE INDEX ON bench.record (document_number);
CREATE INDEX ON bench.record (determined_on);
