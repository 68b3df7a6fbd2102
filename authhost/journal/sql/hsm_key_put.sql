-- A key under the HSM's master key. The first of two hosts that make one wins; what stands is read afterwards.
INSERT INTO hsm_key (name, version, usage, algorithm, block, kcv) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
