-- Compiled from store/statements by `make sql`. A test compares; changes belong there.

-- access_codes.by_common_key
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.workspace_id = %(ws)s::VARCHAR
AND access_codes.common_code_key = %(key)s::VARCHAR
AND access_codes.gone_at IS NULL
ORDER BY access_codes.created_at, access_codes.access_code_id
LIMIT 1;

-- access_codes.by_common_key_within
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.workspace_id = %(ws)s::VARCHAR
AND access_codes.common_code_key = %(key)s::VARCHAR
AND access_codes.gone_at IS NULL
AND access_codes.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)))
ORDER BY access_codes.created_at, access_codes.access_code_id
LIMIT 1;

-- access_codes.by_ids
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.access_code_id IN (SELECT jsonb_array_elements_text(CAST(%(ids)s::VARCHAR AS jsonb)))
AND access_codes.workspace_id = %(ws)s::VARCHAR;

-- access_codes.by_ids_within
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.access_code_id IN (SELECT jsonb_array_elements_text(CAST(%(ids)s::VARCHAR AS jsonb)))
AND access_codes.workspace_id = %(ws)s::VARCHAR
AND access_codes.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)));

-- access_codes.by_pin
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.device_id = %(device)s::VARCHAR
AND access_codes.code_hash = %(hash)s::VARCHAR
AND access_codes.gone_at IS NULL;

-- access_codes.ever_sent
SELECT access_codes.access_code_id
FROM access_codes
WHERE access_codes.device_id = %(device)s::VARCHAR
AND access_codes.was_sent = 1
LIMIT 1;

-- access_codes.get
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.access_code_id = %(id)s::VARCHAR
AND access_codes.workspace_id = %(ws)s::VARCHAR
AND access_codes.gone_at IS NULL
AND (access_codes.is_backup = 0 OR access_codes.pulled_at IS NOT NULL);

-- access_codes.get_any
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.access_code_id = %(id)s::VARCHAR;

-- access_codes.get_within
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.access_code_id = %(id)s::VARCHAR
AND access_codes.workspace_id = %(ws)s::VARCHAR
AND access_codes.gone_at IS NULL
AND (access_codes.is_backup = 0 OR access_codes.pulled_at IS NOT NULL)
AND access_codes.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)));

-- access_codes.gone_by_marks
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.device_id = %(device)s::VARCHAR
AND access_codes.mark IN (SELECT jsonb_array_elements_text(CAST(%(marks)s::VARCHAR AS jsonb)))
AND access_codes.gone_at IS NOT NULL
AND access_codes.released_at IS NULL;

-- access_codes.insert
INSERT INTO access_codes (access_code_id, workspace_id, connected_account_id, device_id, mark, name, code,
    code_hash, starts_at, ends_at, is_external_modification_allowed, prefer_native_scheduling,
    attempt_for_offline_device, common_code_key, generation, created_at, wished_at, delete_requested_at,
    was_sent, vendor_code_id, vendor_name, confirmed_at, confirmed_name, confirmed_code, confirmed_code_hash,
    confirmed_starts_at, confirmed_ends_at, confirmed_generation, announced, gone_at, attempts, retry_at,
    refused_generation, is_code_from_vendor, waits_for_room, errors, warnings, conversion, released_at,
    weekly_window, confirmed_weekly_window, is_backup, pulled_at, pulled_for, pulled_backup_access_code_id,
    seen_as, drift, undone, undone_at)
VALUES (%(access_code_id)s::VARCHAR, %(workspace_id)s::VARCHAR, %(connected_account_id)s::VARCHAR,
    %(device_id)s::VARCHAR, %(mark)s::VARCHAR, %(name)s::VARCHAR, %(code)s, %(code_hash)s::VARCHAR,
    %(starts_at)s::BIGINT, %(ends_at)s::BIGINT, %(is_external_modification_allowed)s::INTEGER,
    %(prefer_native_scheduling)s::INTEGER, %(attempt_for_offline_device)s::INTEGER,
    %(common_code_key)s::VARCHAR, %(generation)s::BIGINT, %(created_at)s::BIGINT, %(wished_at)s::BIGINT,
    %(delete_requested_at)s::BIGINT, %(was_sent)s::INTEGER, %(vendor_code_id)s::VARCHAR,
    %(vendor_name)s::VARCHAR, %(confirmed_at)s::BIGINT, %(confirmed_name)s::VARCHAR, %(confirmed_code)s,
    %(confirmed_code_hash)s::VARCHAR, %(confirmed_starts_at)s::BIGINT, %(confirmed_ends_at)s::BIGINT,
    %(confirmed_generation)s::BIGINT, %(announced)s::VARCHAR, %(gone_at)s::BIGINT, %(attempts)s::BIGINT,
    %(retry_at)s::BIGINT, %(refused_generation)s::BIGINT, %(is_code_from_vendor)s::INTEGER,
    %(waits_for_room)s::INTEGER, %(errors)s::VARCHAR, %(warnings)s::VARCHAR, %(conversion)s::VARCHAR,
    %(released_at)s::BIGINT, %(weekly_window)s::VARCHAR, %(confirmed_weekly_window)s::VARCHAR,
    %(is_backup)s::INTEGER, %(pulled_at)s::BIGINT, %(pulled_for)s::VARCHAR,
    %(pulled_backup_access_code_id)s::VARCHAR, %(seen_as)s::VARCHAR, %(drift)s::VARCHAR, %(undone)s::BIGINT,
    %(undone_at)s::BIGINT);

-- access_codes.insert_usual
INSERT INTO access_codes (access_code_id, workspace_id, connected_account_id, device_id, mark, name, code,
    code_hash, starts_at, ends_at, is_external_modification_allowed, prefer_native_scheduling,
    attempt_for_offline_device, common_code_key, generation, created_at, wished_at, delete_requested_at,
    was_sent, vendor_code_id, vendor_name, confirmed_at, confirmed_name, confirmed_code, confirmed_code_hash,
    confirmed_starts_at, confirmed_ends_at, confirmed_generation, announced, gone_at, attempts, retry_at,
    refused_generation, is_code_from_vendor, waits_for_room, errors, warnings, conversion, released_at,
    weekly_window, confirmed_weekly_window, is_backup, pulled_at, pulled_for, pulled_backup_access_code_id,
    seen_as, drift, undone, undone_at)
VALUES (%(access_code_id)s::VARCHAR, %(workspace_id)s::VARCHAR, %(connected_account_id)s::VARCHAR,
    %(device_id)s::VARCHAR, %(mark)s::VARCHAR, %(name)s::VARCHAR, %(code)s, %(code_hash)s::VARCHAR,
    %(starts_at)s::BIGINT, %(ends_at)s::BIGINT, %(is_external_modification_allowed)s::INTEGER,
    %(prefer_native_scheduling)s::INTEGER, %(attempt_for_offline_device)s::INTEGER,
    %(common_code_key)s::VARCHAR, %(generation)s::BIGINT, %(created_at)s::BIGINT, %(wished_at)s::BIGINT, NULL,
    0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 'none', NULL, 0, NULL, NULL, 0, 0, '[]', '[]',
    'none', NULL, %(weekly_window)s::VARCHAR, NULL, 0, NULL, NULL, NULL, NULL, 'none', 0, NULL);

-- access_codes.is_pin_known
SELECT access_codes.access_code_id
FROM access_codes
WHERE access_codes.device_id = %(device)s::VARCHAR
AND access_codes.code_hash = %(hash)s::VARCHAR
AND access_codes.gone_at IS NULL
UNION ALL SELECT access_codes.access_code_id
FROM access_codes
WHERE access_codes.device_id = %(device)s::VARCHAR
AND access_codes.confirmed_code_hash = %(hash)s::VARCHAR
AND access_codes.gone_at IS NULL
UNION ALL SELECT unmanaged_access_codes.access_code_id
FROM unmanaged_access_codes
WHERE unmanaged_access_codes.device_id = %(device)s::VARCHAR
AND unmanaged_access_codes.code_hash = %(hash)s::VARCHAR
AND unmanaged_access_codes.gone_at IS NULL;

-- access_codes.list
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.workspace_id = %(ws)s::VARCHAR
AND access_codes.device_id = %(device)s::VARCHAR
AND access_codes.gone_at IS NULL
AND (access_codes.is_backup = 0 OR access_codes.pulled_at IS NOT NULL)
AND access_codes.created_at >= %(from_at)s::BIGINT
AND (access_codes.created_at > %(from_at)s::BIGINT OR access_codes.created_at = %(from_at)s::BIGINT AND
    access_codes.access_code_id >= %(from_id)s::VARCHAR)
ORDER BY access_codes.created_at, access_codes.access_code_id
LIMIT %(limit)s;

-- access_codes.list_all
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.workspace_id = %(ws)s::VARCHAR
AND access_codes.gone_at IS NULL
AND (access_codes.is_backup = 0 OR access_codes.pulled_at IS NOT NULL)
AND access_codes.created_at >= %(from_at)s::BIGINT
AND (access_codes.created_at > %(from_at)s::BIGINT OR access_codes.created_at = %(from_at)s::BIGINT AND
    access_codes.access_code_id >= %(from_id)s::VARCHAR)
ORDER BY access_codes.created_at, access_codes.access_code_id
LIMIT %(limit)s;

-- access_codes.list_all_within
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.workspace_id = %(ws)s::VARCHAR
AND access_codes.gone_at IS NULL
AND (access_codes.is_backup = 0 OR access_codes.pulled_at IS NOT NULL)
AND access_codes.created_at >= %(from_at)s::BIGINT
AND (access_codes.created_at > %(from_at)s::BIGINT OR access_codes.created_at = %(from_at)s::BIGINT AND
    access_codes.access_code_id >= %(from_id)s::VARCHAR)
AND access_codes.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)))
ORDER BY access_codes.created_at, access_codes.access_code_id
LIMIT %(limit)s;

-- access_codes.list_within
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.workspace_id = %(ws)s::VARCHAR
AND access_codes.device_id = %(device)s::VARCHAR
AND access_codes.gone_at IS NULL
AND (access_codes.is_backup = 0 OR access_codes.pulled_at IS NOT NULL)
AND access_codes.created_at >= %(from_at)s::BIGINT
AND (access_codes.created_at > %(from_at)s::BIGINT OR access_codes.created_at = %(from_at)s::BIGINT AND
    access_codes.access_code_id >= %(from_id)s::VARCHAR)
AND access_codes.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)))
ORDER BY access_codes.created_at, access_codes.access_code_id
LIMIT %(limit)s;

-- access_codes.on_device
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.device_id = %(device)s::VARCHAR
AND access_codes.gone_at IS NULL
ORDER BY access_codes.created_at;

-- access_codes.still_shown
SELECT access_codes.access_code_id
FROM access_codes
WHERE access_codes.device_id = %(device)s::VARCHAR
AND access_codes.confirmed_code_hash = %(hash)s::VARCHAR
AND access_codes.access_code_id != %(id)s::VARCHAR
AND access_codes.gone_at IS NULL
LIMIT 1;

-- access_codes.update
UPDATE access_codes
SET workspace_id=%(workspace_id)s::VARCHAR, connected_account_id=%(connected_account_id)s::VARCHAR,
    device_id=%(device_id)s::VARCHAR, mark=%(mark)s::VARCHAR, name=%(name)s::VARCHAR, code=%(code)s,
    code_hash=%(code_hash)s::VARCHAR, starts_at=%(starts_at)s::BIGINT, ends_at=%(ends_at)s::BIGINT,
    is_external_modification_allowed=%(is_external_modification_allowed)s::INTEGER,
    prefer_native_scheduling=%(prefer_native_scheduling)s::INTEGER,
    attempt_for_offline_device=%(attempt_for_offline_device)s::INTEGER,
    common_code_key=%(common_code_key)s::VARCHAR, generation=%(generation)s::BIGINT,
    created_at=%(created_at)s::BIGINT, wished_at=%(wished_at)s::BIGINT,
    delete_requested_at=%(delete_requested_at)s::BIGINT, was_sent=%(was_sent)s::INTEGER,
    vendor_code_id=%(vendor_code_id)s::VARCHAR, vendor_name=%(vendor_name)s::VARCHAR,
    confirmed_at=%(confirmed_at)s::BIGINT, confirmed_name=%(confirmed_name)s::VARCHAR,
    confirmed_code=%(confirmed_code)s, confirmed_code_hash=%(confirmed_code_hash)s::VARCHAR,
    confirmed_starts_at=%(confirmed_starts_at)s::BIGINT, confirmed_ends_at=%(confirmed_ends_at)s::BIGINT,
    confirmed_generation=%(confirmed_generation)s::BIGINT, announced=%(announced)s::VARCHAR,
    gone_at=%(gone_at)s::BIGINT, attempts=%(attempts)s::BIGINT, retry_at=%(retry_at)s::BIGINT,
    refused_generation=%(refused_generation)s::BIGINT, is_code_from_vendor=%(is_code_from_vendor)s::INTEGER,
    waits_for_room=%(waits_for_room)s::INTEGER, errors=%(errors)s::VARCHAR, warnings=%(warnings)s::VARCHAR,
    conversion=%(conversion)s::VARCHAR, released_at=%(released_at)s::BIGINT,
    weekly_window=%(weekly_window)s::VARCHAR, confirmed_weekly_window=%(confirmed_weekly_window)s::VARCHAR,
    is_backup=%(is_backup)s::INTEGER, pulled_at=%(pulled_at)s::BIGINT, pulled_for=%(pulled_for)s::VARCHAR,
    pulled_backup_access_code_id=%(pulled_backup_access_code_id)s::VARCHAR, seen_as=%(seen_as)s::VARCHAR,
    drift=%(drift)s::VARCHAR, undone=%(undone)s::BIGINT, undone_at=%(undone_at)s::BIGINT
WHERE access_codes.access_code_id = %(the_key)s::VARCHAR;

-- access_codes.with_common_key
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.workspace_id = %(ws)s::VARCHAR
AND access_codes.common_code_key = %(key)s::VARCHAR
AND access_codes.gone_at IS NULL
ORDER BY access_codes.created_at, access_codes.access_code_id;

-- access_codes.with_common_key_within
SELECT access_codes.access_code_id, access_codes.workspace_id, access_codes.connected_account_id,
    access_codes.device_id, access_codes.mark, access_codes.name, access_codes.code, access_codes.code_hash,
    access_codes.starts_at, access_codes.ends_at, access_codes.is_external_modification_allowed,
    access_codes.prefer_native_scheduling, access_codes.attempt_for_offline_device,
    access_codes.common_code_key, access_codes.generation, access_codes.created_at, access_codes.wished_at,
    access_codes.delete_requested_at, access_codes.was_sent, access_codes.vendor_code_id,
    access_codes.vendor_name, access_codes.confirmed_at, access_codes.confirmed_name,
    access_codes.confirmed_code, access_codes.confirmed_code_hash, access_codes.confirmed_starts_at,
    access_codes.confirmed_ends_at, access_codes.confirmed_generation, access_codes.announced,
    access_codes.gone_at, access_codes.attempts, access_codes.retry_at, access_codes.refused_generation,
    access_codes.is_code_from_vendor, access_codes.waits_for_room, access_codes.errors, access_codes.warnings,
    access_codes.conversion, access_codes.released_at, access_codes.weekly_window,
    access_codes.confirmed_weekly_window, access_codes.seen_as, access_codes.is_backup,
    access_codes.pulled_at, access_codes.pulled_for, access_codes.pulled_backup_access_code_id,
    access_codes.drift, access_codes.undone, access_codes.undone_at
FROM access_codes
WHERE access_codes.workspace_id = %(ws)s::VARCHAR
AND access_codes.common_code_key = %(key)s::VARCHAR
AND access_codes.gone_at IS NULL
AND access_codes.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)))
ORDER BY access_codes.created_at, access_codes.access_code_id;

-- action_attempts.door
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.device_id = %(device)s::VARCHAR
AND action_attempts.status = 'pending'
AND action_attempts.deadline_at IS NOT NULL
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id;

-- action_attempts.doors
SELECT devices.device_id, devices.due_at
FROM devices
WHERE devices.connected_account_id = %(account)s::VARCHAR
AND devices.due_at IS NOT NULL
AND (EXISTS (SELECT * FROM action_attempts WHERE action_attempts.device_id = devices.device_id AND
    action_attempts.status = 'pending' AND action_attempts.deadline_at IS NOT NULL))
ORDER BY devices.due_at;

-- action_attempts.get
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.action_attempt_id = %(id)s::VARCHAR
AND action_attempts.workspace_id = %(ws)s::VARCHAR;

-- action_attempts.get_within
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.action_attempt_id = %(id)s::VARCHAR
AND action_attempts.workspace_id = %(ws)s::VARCHAR
AND action_attempts.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR
    AS jsonb)));

-- action_attempts.give_up_code
UPDATE action_attempts
SET status='error', error=%(why)s::VARCHAR, settled_at=%(now)s::BIGINT
WHERE action_attempts.access_code_id = %(code)s::VARCHAR
AND action_attempts.status = 'pending'
AND action_attempts.access_code_id IS NOT NULL;

-- action_attempts.history
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.device_id = %(device)s::VARCHAR
AND action_attempts.deadline_at IS NOT NULL
AND action_attempts.created_at >= %(since)s::BIGINT
ORDER BY action_attempts.created_at;

-- action_attempts.insert
INSERT INTO action_attempts (action_attempt_id, workspace_id, connected_account_id, device_id, access_code_id,
    action_type, status, result, error, generation, created_at, deadline_at, sent_at, settled_at,
    vendor_entry_id)
VALUES (%(action_attempt_id)s::VARCHAR, %(workspace_id)s::VARCHAR, %(connected_account_id)s::VARCHAR,
    %(device_id)s::VARCHAR, %(access_code_id)s::VARCHAR, %(action_type)s::VARCHAR, %(status)s::VARCHAR,
    %(result)s::VARCHAR, %(error)s::VARCHAR, %(generation)s::BIGINT, %(created_at)s::BIGINT,
    %(deadline_at)s::BIGINT, %(sent_at)s::BIGINT, %(settled_at)s::BIGINT, %(vendor_entry_id)s::VARCHAR);

-- action_attempts.list
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.workspace_id = %(ws)s::VARCHAR
AND action_attempts.created_at >= %(from_at)s::BIGINT
AND (action_attempts.created_at > %(from_at)s::BIGINT OR action_attempts.created_at = %(from_at)s::BIGINT AND
    action_attempts.action_attempt_id >= %(from_id)s::VARCHAR)
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id
LIMIT %(limit)s;

-- action_attempts.list_device
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.workspace_id = %(ws)s::VARCHAR
AND action_attempts.device_id = %(device)s::VARCHAR
AND action_attempts.created_at >= %(from_at)s::BIGINT
AND (action_attempts.created_at > %(from_at)s::BIGINT OR action_attempts.created_at = %(from_at)s::BIGINT AND
    action_attempts.action_attempt_id >= %(from_id)s::VARCHAR)
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id
LIMIT %(limit)s;

-- action_attempts.list_device_within
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.workspace_id = %(ws)s::VARCHAR
AND action_attempts.device_id = %(device)s::VARCHAR
AND action_attempts.created_at >= %(from_at)s::BIGINT
AND (action_attempts.created_at > %(from_at)s::BIGINT OR action_attempts.created_at = %(from_at)s::BIGINT AND
    action_attempts.action_attempt_id >= %(from_id)s::VARCHAR)
AND action_attempts.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR
    AS jsonb)))
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id
LIMIT %(limit)s;

-- action_attempts.list_ids
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.workspace_id = %(ws)s::VARCHAR
AND action_attempts.action_attempt_id IN (SELECT jsonb_array_elements_text(CAST(%(ids)s::VARCHAR AS jsonb)))
AND action_attempts.created_at >= %(from_at)s::BIGINT
AND (action_attempts.created_at > %(from_at)s::BIGINT OR action_attempts.created_at = %(from_at)s::BIGINT AND
    action_attempts.action_attempt_id >= %(from_id)s::VARCHAR)
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id
LIMIT %(limit)s;

-- action_attempts.list_ids_within
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.workspace_id = %(ws)s::VARCHAR
AND action_attempts.action_attempt_id IN (SELECT jsonb_array_elements_text(CAST(%(ids)s::VARCHAR AS jsonb)))
AND action_attempts.created_at >= %(from_at)s::BIGINT
AND (action_attempts.created_at > %(from_at)s::BIGINT OR action_attempts.created_at = %(from_at)s::BIGINT AND
    action_attempts.action_attempt_id >= %(from_id)s::VARCHAR)
AND action_attempts.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR
    AS jsonb)))
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id
LIMIT %(limit)s;

-- action_attempts.list_within
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.workspace_id = %(ws)s::VARCHAR
AND action_attempts.created_at >= %(from_at)s::BIGINT
AND (action_attempts.created_at > %(from_at)s::BIGINT OR action_attempts.created_at = %(from_at)s::BIGINT AND
    action_attempts.action_attempt_id >= %(from_id)s::VARCHAR)
AND action_attempts.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR
    AS jsonb)))
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id
LIMIT %(limit)s;

-- action_attempts.settle_code
UPDATE action_attempts
SET status='success', result='{}', settled_at=%(now)s::BIGINT
WHERE action_attempts.access_code_id = %(code)s::VARCHAR
AND action_attempts.status = 'pending'
AND action_attempts.access_code_id IS NOT NULL
AND action_attempts.action_type IN (SELECT jsonb_array_elements_text(CAST(%(types)s::VARCHAR AS jsonb)))
AND action_attempts.generation <= %(gen)s::BIGINT;

-- action_attempts.update
UPDATE action_attempts
SET workspace_id=%(workspace_id)s::VARCHAR, connected_account_id=%(connected_account_id)s::VARCHAR,
    device_id=%(device_id)s::VARCHAR, access_code_id=%(access_code_id)s::VARCHAR,
    action_type=%(action_type)s::VARCHAR, status=%(status)s::VARCHAR, result=%(result)s::VARCHAR,
    error=%(error)s::VARCHAR, generation=%(generation)s::BIGINT, created_at=%(created_at)s::BIGINT,
    deadline_at=%(deadline_at)s::BIGINT, sent_at=%(sent_at)s::BIGINT, settled_at=%(settled_at)s::BIGINT,
    vendor_entry_id=%(vendor_entry_id)s::VARCHAR
WHERE action_attempts.action_attempt_id = %(the_key)s::VARCHAR;

-- api_keys.insert
INSERT INTO api_keys (api_key_id, workspace_id, kind, name, shown_prefix, token_hash, created_at, revoked_at)
VALUES (%(api_key_id)s::VARCHAR, %(workspace_id)s::VARCHAR, %(kind)s::VARCHAR, %(name)s::VARCHAR,
    %(shown_prefix)s::VARCHAR, %(token_hash)s::VARCHAR, %(created_at)s::BIGINT, %(revoked_at)s::BIGINT);

-- api_keys.list
SELECT api_keys.api_key_id, api_keys.workspace_id, api_keys.kind, api_keys.name, api_keys.shown_prefix,
    api_keys.token_hash, api_keys.created_at, api_keys.revoked_at
FROM api_keys
ORDER BY api_keys.created_at;

-- api_keys.personal
SELECT api_keys.api_key_id, api_keys.name
FROM api_keys
WHERE api_keys.token_hash = %(hash)s::VARCHAR
AND api_keys.revoked_at IS NULL
AND api_keys.kind = 'personal_access_token';

-- api_keys.revoke
UPDATE api_keys
SET revoked_at=%(now)s::BIGINT
WHERE (api_keys.api_key_id = %(text)s::VARCHAR OR api_keys.shown_prefix = %(text)s::VARCHAR)
AND api_keys.revoked_at IS NULL;

-- client_session_accounts.add
INSERT INTO client_session_accounts (client_session_id, connected_account_id) SELECT
    client_sessions.client_session_id, %(account)s::VARCHAR AS anon_1
FROM client_sessions
WHERE client_sessions.client_session_id = %(id)s::VARCHAR
AND NOT (EXISTS (SELECT * FROM client_session_accounts WHERE client_session_accounts.client_session_id =
    client_sessions.client_session_id AND client_session_accounts.connected_account_id =
    %(account)s::VARCHAR));

-- client_session_accounts.follow
INSERT INTO client_session_accounts (client_session_id, connected_account_id) SELECT
    client_session_webviews.client_session_id, %(account)s::VARCHAR AS anon_1
FROM client_session_webviews
WHERE client_session_webviews.connect_webview_id = %(webview)s::VARCHAR
AND NOT (EXISTS (SELECT * FROM client_session_accounts WHERE client_session_accounts.client_session_id =
    client_session_webviews.client_session_id AND client_session_accounts.connected_account_id =
    %(account)s::VARCHAR));

-- client_session_webviews.add
INSERT INTO client_session_webviews (client_session_id, connect_webview_id) SELECT
    client_sessions.client_session_id, %(webview)s::VARCHAR AS anon_1
FROM client_sessions
WHERE client_sessions.client_session_id = %(id)s::VARCHAR
AND NOT (EXISTS (SELECT * FROM client_session_webviews WHERE client_session_webviews.client_session_id =
    client_sessions.client_session_id AND client_session_webviews.connect_webview_id = %(webview)s::VARCHAR));

-- client_sessions.by_key
SELECT client_sessions.client_session_id, client_sessions.workspace_id, client_sessions.token,
    client_sessions.user_identifier_key, client_sessions.customer_key, client_sessions.expires_at,
    client_sessions.revoked_at, client_sessions.created_at
FROM client_sessions
WHERE client_sessions.workspace_id = %(ws)s::VARCHAR
AND client_sessions.user_identifier_key = %(key)s::VARCHAR
AND client_sessions.user_identifier_key IS NOT NULL
AND client_sessions.revoked_at IS NULL;

-- client_sessions.by_token
SELECT workspaces.workspace_id, workspaces.name, workspaces.is_sandbox, workspaces.clock_offset_ms,
    workspaces.clock_frozen_at, workspaces.created_at, workspaces.company_name,
    workspaces.connect_partner_name, workspaces.is_publishable_key_auth_enabled,
    client_sessions.client_session_id, client_sessions.user_identifier_key, client_sessions.expires_at,
    client_sessions.revoked_at
FROM client_sessions
JOIN workspaces ON workspaces.workspace_id = client_sessions.workspace_id
WHERE client_sessions.token_hash = %(hash)s::VARCHAR;

-- client_sessions.count_devices
SELECT client_session_accounts.client_session_id, count(*) AS count_1
FROM client_session_accounts
JOIN devices ON devices.connected_account_id = client_session_accounts.connected_account_id
WHERE client_session_accounts.client_session_id IN (SELECT jsonb_array_elements_text(CAST(%(ids)s::VARCHAR AS
    jsonb)))
AND devices.is_managed = 1 GROUP BY client_session_accounts.client_session_id;

-- client_sessions.delete
DELETE
FROM client_sessions
WHERE client_sessions.client_session_id = %(id)s::VARCHAR
AND client_sessions.workspace_id = %(ws)s::VARCHAR;

-- client_sessions.get
SELECT client_sessions.client_session_id, client_sessions.workspace_id, client_sessions.token,
    client_sessions.user_identifier_key, client_sessions.customer_key, client_sessions.expires_at,
    client_sessions.revoked_at, client_sessions.created_at
FROM client_sessions
WHERE client_sessions.client_session_id = %(id)s::VARCHAR
AND client_sessions.workspace_id = %(ws)s::VARCHAR;

-- client_sessions.insert
INSERT INTO client_sessions (client_session_id, workspace_id, token, token_hash, user_identifier_key,
    customer_key, expires_at, revoked_at, created_at)
VALUES (%(client_session_id)s::VARCHAR, %(workspace_id)s::VARCHAR, %(token)s, %(token_hash)s::VARCHAR,
    %(user_identifier_key)s::VARCHAR, %(customer_key)s::VARCHAR, %(expires_at)s::BIGINT,
    %(revoked_at)s::BIGINT, %(created_at)s::BIGINT);

-- client_sessions.list
SELECT client_sessions.client_session_id, client_sessions.workspace_id, client_sessions.token,
    client_sessions.user_identifier_key, client_sessions.customer_key, client_sessions.expires_at,
    client_sessions.revoked_at, client_sessions.created_at
FROM client_sessions
WHERE client_sessions.workspace_id = %(ws)s::VARCHAR
AND (%(in_id)s::VARCHAR IS NULL OR client_sessions.client_session_id = %(in_id)s::VARCHAR)
AND (%(in_key)s::VARCHAR IS NULL OR client_sessions.user_identifier_key = %(in_key)s::VARCHAR)
AND (%(in_webview)s::VARCHAR IS NULL OR (EXISTS (SELECT * FROM client_session_webviews WHERE
    client_session_webviews.client_session_id = client_sessions.client_session_id AND
    client_session_webviews.connect_webview_id = %(in_webview)s::VARCHAR)))
AND (0 = %(keyless)s::INTEGER OR client_sessions.user_identifier_key IS NULL)
ORDER BY client_sessions.created_at, client_sessions.client_session_id;

-- client_sessions.reach
SELECT client_session_accounts.client_session_id, client_session_accounts.connected_account_id, 1 AS anon_1
FROM client_session_accounts
WHERE client_session_accounts.client_session_id IN (SELECT jsonb_array_elements_text(CAST(%(ids)s::VARCHAR AS
    jsonb)))
UNION ALL SELECT client_session_webviews.client_session_id, client_session_webviews.connect_webview_id, 0 AS
    anon_2
FROM client_session_webviews
WHERE client_session_webviews.client_session_id IN (SELECT jsonb_array_elements_text(CAST(%(ids)s::VARCHAR AS
    jsonb)));

-- client_sessions.revoke
UPDATE client_sessions
SET revoked_at=%(now)s::BIGINT
WHERE client_sessions.client_session_id = %(id)s::VARCHAR
AND client_sessions.revoked_at IS NULL;

-- client_sessions.set_expiry
UPDATE client_sessions
SET expires_at=%(at)s::BIGINT
WHERE client_sessions.client_session_id = %(id)s::VARCHAR;

-- connect_webviews.by_state
SELECT connect_webviews.connect_webview_id, connect_webviews.workspace_id, connect_webviews.auth_token,
    connect_webviews.status, connect_webviews.connected_account_id, connect_webviews.selected_provider,
    connect_webviews.accepted_providers, connect_webviews.accepted_capabilities,
    connect_webviews.any_provider_allowed, connect_webviews.device_selection_mode,
    connect_webviews.custom_redirect_url, connect_webviews.custom_redirect_failure_url,
    connect_webviews.custom_metadata, connect_webviews.customer_key,
    connect_webviews.automatically_manage_new_devices, connect_webviews.wait_for_device_creation,
    connect_webviews.login_state_hash, connect_webviews.login_verifier, connect_webviews.pending_login,
    connect_webviews.authorized_at, connect_webviews.expires_at, connect_webviews.created_at
FROM connect_webviews
WHERE connect_webviews.login_state_hash = %(hash)s::VARCHAR;

-- connect_webviews.delete
DELETE
FROM connect_webviews
WHERE connect_webviews.connect_webview_id = %(id)s::VARCHAR
AND connect_webviews.workspace_id = %(ws)s::VARCHAR;

-- connect_webviews.get
SELECT connect_webviews.connect_webview_id, connect_webviews.workspace_id, connect_webviews.auth_token,
    connect_webviews.status, connect_webviews.connected_account_id, connect_webviews.selected_provider,
    connect_webviews.accepted_providers, connect_webviews.accepted_capabilities,
    connect_webviews.any_provider_allowed, connect_webviews.device_selection_mode,
    connect_webviews.custom_redirect_url, connect_webviews.custom_redirect_failure_url,
    connect_webviews.custom_metadata, connect_webviews.customer_key,
    connect_webviews.automatically_manage_new_devices, connect_webviews.wait_for_device_creation,
    connect_webviews.login_state_hash, connect_webviews.login_verifier, connect_webviews.pending_login,
    connect_webviews.authorized_at, connect_webviews.expires_at, connect_webviews.created_at
FROM connect_webviews
WHERE connect_webviews.connect_webview_id = %(id)s::VARCHAR
AND connect_webviews.workspace_id = %(ws)s::VARCHAR;

-- connect_webviews.get_within
SELECT connect_webviews.connect_webview_id, connect_webviews.workspace_id, connect_webviews.auth_token,
    connect_webviews.status, connect_webviews.connected_account_id, connect_webviews.selected_provider,
    connect_webviews.accepted_providers, connect_webviews.accepted_capabilities,
    connect_webviews.any_provider_allowed, connect_webviews.device_selection_mode,
    connect_webviews.custom_redirect_url, connect_webviews.custom_redirect_failure_url,
    connect_webviews.custom_metadata, connect_webviews.customer_key,
    connect_webviews.automatically_manage_new_devices, connect_webviews.wait_for_device_creation,
    connect_webviews.login_state_hash, connect_webviews.login_verifier, connect_webviews.pending_login,
    connect_webviews.authorized_at, connect_webviews.expires_at, connect_webviews.created_at
FROM connect_webviews
WHERE connect_webviews.connect_webview_id = %(id)s::VARCHAR
AND connect_webviews.workspace_id = %(ws)s::VARCHAR
AND connect_webviews.connect_webview_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_webviews)s::VARCHAR
    AS jsonb)));

-- connect_webviews.insert
INSERT INTO connect_webviews (connect_webview_id, workspace_id, auth_token, auth_token_hash, status,
    connected_account_id, selected_provider, accepted_providers, accepted_capabilities, any_provider_allowed,
    device_selection_mode, custom_redirect_url, custom_redirect_failure_url, custom_metadata, customer_key,
    automatically_manage_new_devices, wait_for_device_creation, login_state_hash, login_verifier,
    pending_login, authorized_at, expires_at, created_at)
VALUES (%(connect_webview_id)s::VARCHAR, %(workspace_id)s::VARCHAR, %(auth_token)s,
    %(auth_token_hash)s::VARCHAR, %(status)s::VARCHAR, %(connected_account_id)s::VARCHAR,
    %(selected_provider)s::VARCHAR, %(accepted_providers)s::VARCHAR, %(accepted_capabilities)s::VARCHAR,
    %(any_provider_allowed)s::INTEGER, %(device_selection_mode)s::VARCHAR, %(custom_redirect_url)s::VARCHAR,
    %(custom_redirect_failure_url)s::VARCHAR, %(custom_metadata)s::VARCHAR, %(customer_key)s::VARCHAR,
    %(automatically_manage_new_devices)s::INTEGER, %(wait_for_device_creation)s::INTEGER,
    %(login_state_hash)s::VARCHAR, %(login_verifier)s, %(pending_login)s, %(authorized_at)s::BIGINT,
    %(expires_at)s::BIGINT, %(created_at)s::BIGINT);

-- connect_webviews.list
SELECT connect_webviews.connect_webview_id, connect_webviews.workspace_id, connect_webviews.auth_token,
    connect_webviews.status, connect_webviews.connected_account_id, connect_webviews.selected_provider,
    connect_webviews.accepted_providers, connect_webviews.accepted_capabilities,
    connect_webviews.any_provider_allowed, connect_webviews.device_selection_mode,
    connect_webviews.custom_redirect_url, connect_webviews.custom_redirect_failure_url,
    connect_webviews.custom_metadata, connect_webviews.customer_key,
    connect_webviews.automatically_manage_new_devices, connect_webviews.wait_for_device_creation,
    connect_webviews.login_state_hash, connect_webviews.login_verifier, connect_webviews.pending_login,
    connect_webviews.authorized_at, connect_webviews.expires_at, connect_webviews.created_at
FROM connect_webviews
WHERE connect_webviews.workspace_id = %(ws)s::VARCHAR
AND connect_webviews.created_at >= %(from_at)s::BIGINT
AND (connect_webviews.created_at > %(from_at)s::BIGINT OR connect_webviews.created_at = %(from_at)s::BIGINT
    AND connect_webviews.connect_webview_id >= %(from_id)s::VARCHAR)
ORDER BY connect_webviews.created_at, connect_webviews.connect_webview_id
LIMIT %(limit)s;

-- connect_webviews.list_within
SELECT connect_webviews.connect_webview_id, connect_webviews.workspace_id, connect_webviews.auth_token,
    connect_webviews.status, connect_webviews.connected_account_id, connect_webviews.selected_provider,
    connect_webviews.accepted_providers, connect_webviews.accepted_capabilities,
    connect_webviews.any_provider_allowed, connect_webviews.device_selection_mode,
    connect_webviews.custom_redirect_url, connect_webviews.custom_redirect_failure_url,
    connect_webviews.custom_metadata, connect_webviews.customer_key,
    connect_webviews.automatically_manage_new_devices, connect_webviews.wait_for_device_creation,
    connect_webviews.login_state_hash, connect_webviews.login_verifier, connect_webviews.pending_login,
    connect_webviews.authorized_at, connect_webviews.expires_at, connect_webviews.created_at
FROM connect_webviews
WHERE connect_webviews.workspace_id = %(ws)s::VARCHAR
AND connect_webviews.created_at >= %(from_at)s::BIGINT
AND (connect_webviews.created_at > %(from_at)s::BIGINT OR connect_webviews.created_at = %(from_at)s::BIGINT
    AND connect_webviews.connect_webview_id >= %(from_id)s::VARCHAR)
AND connect_webviews.connect_webview_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_webviews)s::VARCHAR
    AS jsonb)))
ORDER BY connect_webviews.created_at, connect_webviews.connect_webview_id
LIMIT %(limit)s;

-- connect_webviews.open
SELECT connect_webviews.connect_webview_id, connect_webviews.workspace_id, connect_webviews.auth_token,
    connect_webviews.status, connect_webviews.connected_account_id, connect_webviews.selected_provider,
    connect_webviews.accepted_providers, connect_webviews.accepted_capabilities,
    connect_webviews.any_provider_allowed, connect_webviews.device_selection_mode,
    connect_webviews.custom_redirect_url, connect_webviews.custom_redirect_failure_url,
    connect_webviews.custom_metadata, connect_webviews.customer_key,
    connect_webviews.automatically_manage_new_devices, connect_webviews.wait_for_device_creation,
    connect_webviews.login_state_hash, connect_webviews.login_verifier, connect_webviews.pending_login,
    connect_webviews.authorized_at, connect_webviews.expires_at, connect_webviews.created_at
FROM connect_webviews
WHERE connect_webviews.connect_webview_id = %(id)s::VARCHAR
AND connect_webviews.auth_token_hash = %(hash)s::VARCHAR;

-- connect_webviews.update
UPDATE connect_webviews
SET workspace_id=%(workspace_id)s::VARCHAR, auth_token=%(auth_token)s, status=%(status)s::VARCHAR,
    connected_account_id=%(connected_account_id)s::VARCHAR, selected_provider=%(selected_provider)s::VARCHAR,
    accepted_providers=%(accepted_providers)s::VARCHAR,
    accepted_capabilities=%(accepted_capabilities)s::VARCHAR,
    any_provider_allowed=%(any_provider_allowed)s::INTEGER,
    device_selection_mode=%(device_selection_mode)s::VARCHAR,
    custom_redirect_url=%(custom_redirect_url)s::VARCHAR,
    custom_redirect_failure_url=%(custom_redirect_failure_url)s::VARCHAR,
    custom_metadata=%(custom_metadata)s::VARCHAR, customer_key=%(customer_key)s::VARCHAR,
    automatically_manage_new_devices=%(automatically_manage_new_devices)s::INTEGER,
    wait_for_device_creation=%(wait_for_device_creation)s::INTEGER,
    login_state_hash=%(login_state_hash)s::VARCHAR, login_verifier=%(login_verifier)s,
    pending_login=%(pending_login)s, authorized_at=%(authorized_at)s::BIGINT,
    expires_at=%(expires_at)s::BIGINT, created_at=%(created_at)s::BIGINT
WHERE connect_webviews.connect_webview_id = %(the_key)s::VARCHAR;

-- connected_accounts.all
SELECT connected_accounts.connected_account_id, connected_accounts.workspace_id, connected_accounts.provider,
    connected_accounts.vendor_account_id, connected_accounts.display_name, connected_accounts.user_identifier,
    connected_accounts.accepted_capabilities, connected_accounts.automatically_manage_new_devices,
    connected_accounts.custom_metadata, connected_accounts.customer_key, connected_accounts.errors,
    connected_accounts.warnings, connected_accounts.settings, connected_accounts.access_token,
    connected_accounts.refresh_token, connected_accounts.token_expires_at, connected_accounts.created_at,
    connected_accounts.connected_at, connected_accounts.first_synced_at, connected_accounts.poll_at,
    connected_accounts.attempts, connected_accounts.activations, connected_accounts.paused_until,
    connected_accounts.notices_base, connected_accounts.notices_hash, connected_accounts.notices_id,
    connected_accounts.notices_secret, connected_accounts.notices_at, connected_accounts.are_notices_refused
FROM connected_accounts
WHERE connected_accounts.workspace_id = %(ws)s::VARCHAR
ORDER BY connected_accounts.created_at;

-- connected_accounts.all_within
SELECT connected_accounts.connected_account_id, connected_accounts.workspace_id, connected_accounts.provider,
    connected_accounts.vendor_account_id, connected_accounts.display_name, connected_accounts.user_identifier,
    connected_accounts.accepted_capabilities, connected_accounts.automatically_manage_new_devices,
    connected_accounts.custom_metadata, connected_accounts.customer_key, connected_accounts.errors,
    connected_accounts.warnings, connected_accounts.settings, connected_accounts.access_token,
    connected_accounts.refresh_token, connected_accounts.token_expires_at, connected_accounts.created_at,
    connected_accounts.connected_at, connected_accounts.first_synced_at, connected_accounts.poll_at,
    connected_accounts.attempts, connected_accounts.activations, connected_accounts.paused_until,
    connected_accounts.notices_base, connected_accounts.notices_hash, connected_accounts.notices_id,
    connected_accounts.notices_secret, connected_accounts.notices_at, connected_accounts.are_notices_refused
FROM connected_accounts
WHERE connected_accounts.workspace_id = %(ws)s::VARCHAR
AND connected_accounts.connected_account_id IN (SELECT
    jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS jsonb)))
ORDER BY connected_accounts.created_at;

-- connected_accounts.by_notices
SELECT connected_accounts.connected_account_id, connected_accounts.workspace_id, connected_accounts.provider,
    connected_accounts.vendor_account_id, connected_accounts.display_name, connected_accounts.user_identifier,
    connected_accounts.accepted_capabilities, connected_accounts.automatically_manage_new_devices,
    connected_accounts.custom_metadata, connected_accounts.customer_key, connected_accounts.errors,
    connected_accounts.warnings, connected_accounts.settings, connected_accounts.access_token,
    connected_accounts.refresh_token, connected_accounts.token_expires_at, connected_accounts.created_at,
    connected_accounts.connected_at, connected_accounts.first_synced_at, connected_accounts.poll_at,
    connected_accounts.attempts, connected_accounts.activations, connected_accounts.paused_until,
    connected_accounts.notices_base, connected_accounts.notices_hash, connected_accounts.notices_id,
    connected_accounts.notices_secret, connected_accounts.notices_at, connected_accounts.are_notices_refused
FROM connected_accounts
WHERE connected_accounts.notices_hash = %(hash)s::VARCHAR;

-- connected_accounts.by_vendor
SELECT connected_accounts.connected_account_id, connected_accounts.workspace_id, connected_accounts.provider,
    connected_accounts.vendor_account_id, connected_accounts.display_name, connected_accounts.user_identifier,
    connected_accounts.accepted_capabilities, connected_accounts.automatically_manage_new_devices,
    connected_accounts.custom_metadata, connected_accounts.customer_key, connected_accounts.errors,
    connected_accounts.warnings, connected_accounts.settings, connected_accounts.access_token,
    connected_accounts.refresh_token, connected_accounts.token_expires_at, connected_accounts.created_at,
    connected_accounts.connected_at, connected_accounts.first_synced_at, connected_accounts.poll_at,
    connected_accounts.attempts, connected_accounts.activations, connected_accounts.paused_until,
    connected_accounts.notices_base, connected_accounts.notices_hash, connected_accounts.notices_id,
    connected_accounts.notices_secret, connected_accounts.notices_at, connected_accounts.are_notices_refused
FROM connected_accounts
WHERE connected_accounts.workspace_id = %(ws)s::VARCHAR
AND connected_accounts.provider = %(provider)s::VARCHAR
AND connected_accounts.vendor_account_id = %(vendor)s::VARCHAR;

-- connected_accounts.claim
UPDATE connected_accounts
SET due_at=%(until)s::BIGINT, lease=%(token)s::VARCHAR, leased_until=%(until)s::BIGINT
WHERE connected_accounts.connected_account_id = %(id)s::VARCHAR
AND connected_accounts.leased_until <= %(now)s::BIGINT;

-- connected_accounts.delete
DELETE
FROM connected_accounts
WHERE connected_accounts.connected_account_id = %(id)s::VARCHAR;

-- connected_accounts.due
SELECT connected_accounts.connected_account_id
FROM connected_accounts
WHERE connected_accounts.due_at <= %(now)s::BIGINT
AND connected_accounts.leased_until <= %(now)s::BIGINT
ORDER BY connected_accounts.due_at
LIMIT %(limit)s;

-- connected_accounts.free_all
UPDATE connected_accounts
SET due_at=%(now)s::BIGINT, lease=NULL, leased_until=0
WHERE connected_accounts.leased_until > 0;

-- connected_accounts.get
SELECT connected_accounts.connected_account_id, connected_accounts.workspace_id, connected_accounts.provider,
    connected_accounts.vendor_account_id, connected_accounts.display_name, connected_accounts.user_identifier,
    connected_accounts.accepted_capabilities, connected_accounts.automatically_manage_new_devices,
    connected_accounts.custom_metadata, connected_accounts.customer_key, connected_accounts.errors,
    connected_accounts.warnings, connected_accounts.settings, connected_accounts.access_token,
    connected_accounts.refresh_token, connected_accounts.token_expires_at, connected_accounts.created_at,
    connected_accounts.connected_at, connected_accounts.first_synced_at, connected_accounts.poll_at,
    connected_accounts.attempts, connected_accounts.activations, connected_accounts.paused_until,
    connected_accounts.notices_base, connected_accounts.notices_hash, connected_accounts.notices_id,
    connected_accounts.notices_secret, connected_accounts.notices_at, connected_accounts.are_notices_refused
FROM connected_accounts
WHERE connected_accounts.connected_account_id = %(id)s::VARCHAR
AND connected_accounts.workspace_id = %(ws)s::VARCHAR;

-- connected_accounts.get_any
SELECT connected_accounts.connected_account_id, connected_accounts.workspace_id, connected_accounts.provider,
    connected_accounts.vendor_account_id, connected_accounts.display_name, connected_accounts.user_identifier,
    connected_accounts.accepted_capabilities, connected_accounts.automatically_manage_new_devices,
    connected_accounts.custom_metadata, connected_accounts.customer_key, connected_accounts.errors,
    connected_accounts.warnings, connected_accounts.settings, connected_accounts.access_token,
    connected_accounts.refresh_token, connected_accounts.token_expires_at, connected_accounts.created_at,
    connected_accounts.connected_at, connected_accounts.first_synced_at, connected_accounts.poll_at,
    connected_accounts.attempts, connected_accounts.activations, connected_accounts.paused_until,
    connected_accounts.notices_base, connected_accounts.notices_hash, connected_accounts.notices_id,
    connected_accounts.notices_secret, connected_accounts.notices_at, connected_accounts.are_notices_refused
FROM connected_accounts
WHERE connected_accounts.connected_account_id = %(id)s::VARCHAR;

-- connected_accounts.get_within
SELECT connected_accounts.connected_account_id, connected_accounts.workspace_id, connected_accounts.provider,
    connected_accounts.vendor_account_id, connected_accounts.display_name, connected_accounts.user_identifier,
    connected_accounts.accepted_capabilities, connected_accounts.automatically_manage_new_devices,
    connected_accounts.custom_metadata, connected_accounts.customer_key, connected_accounts.errors,
    connected_accounts.warnings, connected_accounts.settings, connected_accounts.access_token,
    connected_accounts.refresh_token, connected_accounts.token_expires_at, connected_accounts.created_at,
    connected_accounts.connected_at, connected_accounts.first_synced_at, connected_accounts.poll_at,
    connected_accounts.attempts, connected_accounts.activations, connected_accounts.paused_until,
    connected_accounts.notices_base, connected_accounts.notices_hash, connected_accounts.notices_id,
    connected_accounts.notices_secret, connected_accounts.notices_at, connected_accounts.are_notices_refused
FROM connected_accounts
WHERE connected_accounts.connected_account_id = %(id)s::VARCHAR
AND connected_accounts.workspace_id = %(ws)s::VARCHAR
AND connected_accounts.connected_account_id IN (SELECT
    jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS jsonb)));

-- connected_accounts.held
SELECT connected_accounts.connected_at
FROM connected_accounts
WHERE connected_accounts.connected_account_id = %(id)s::VARCHAR
AND connected_accounts.lease = %(token)s::VARCHAR
AND connected_accounts.leased_until >= %(until)s::BIGINT;

-- connected_accounts.insert
INSERT INTO connected_accounts (connected_account_id, workspace_id, provider, vendor_account_id, display_name,
    user_identifier, accepted_capabilities, automatically_manage_new_devices, custom_metadata, customer_key,
    errors, warnings, settings, access_token, refresh_token, activations, token_expires_at, created_at,
    connected_at, first_synced_at, poll_at, attempts, paused_until, notices_base, notices_hash, notices_id,
    notices_secret, notices_at, are_notices_refused, due_at, leased_until)
VALUES (%(connected_account_id)s::VARCHAR, %(workspace_id)s::VARCHAR, %(provider)s::VARCHAR,
    %(vendor_account_id)s::VARCHAR, %(display_name)s::VARCHAR, %(user_identifier)s::VARCHAR,
    %(accepted_capabilities)s::VARCHAR, %(automatically_manage_new_devices)s::INTEGER,
    %(custom_metadata)s::VARCHAR, %(customer_key)s::VARCHAR, %(errors)s::VARCHAR, %(warnings)s::VARCHAR,
    %(settings)s::VARCHAR, %(access_token)s, %(refresh_token)s, %(activations)s, %(token_expires_at)s::BIGINT,
    %(created_at)s::BIGINT, %(connected_at)s::BIGINT, %(first_synced_at)s::BIGINT, %(poll_at)s::BIGINT,
    %(attempts)s::BIGINT, %(paused_until)s::BIGINT, %(notices_base)s::VARCHAR, %(notices_hash)s::VARCHAR,
    %(notices_id)s::VARCHAR, %(notices_secret)s, %(notices_at)s::BIGINT, %(are_notices_refused)s::INTEGER,
    %(due_at)s::BIGINT, %(leased_until)s::BIGINT);

-- connected_accounts.list
SELECT connected_accounts.connected_account_id, connected_accounts.workspace_id, connected_accounts.provider,
    connected_accounts.vendor_account_id, connected_accounts.display_name, connected_accounts.user_identifier,
    connected_accounts.accepted_capabilities, connected_accounts.automatically_manage_new_devices,
    connected_accounts.custom_metadata, connected_accounts.customer_key, connected_accounts.errors,
    connected_accounts.warnings, connected_accounts.settings, connected_accounts.access_token,
    connected_accounts.refresh_token, connected_accounts.token_expires_at, connected_accounts.created_at,
    connected_accounts.connected_at, connected_accounts.first_synced_at, connected_accounts.poll_at,
    connected_accounts.attempts, connected_accounts.activations, connected_accounts.paused_until,
    connected_accounts.notices_base, connected_accounts.notices_hash, connected_accounts.notices_id,
    connected_accounts.notices_secret, connected_accounts.notices_at, connected_accounts.are_notices_refused
FROM connected_accounts
WHERE connected_accounts.workspace_id = %(ws)s::VARCHAR
AND connected_accounts.created_at >= %(from_at)s::BIGINT
AND (connected_accounts.created_at > %(from_at)s::BIGINT OR connected_accounts.created_at =
    %(from_at)s::BIGINT AND connected_accounts.connected_account_id >= %(from_id)s::VARCHAR)
ORDER BY connected_accounts.created_at, connected_accounts.connected_account_id
LIMIT %(limit)s;

-- connected_accounts.list_within
SELECT connected_accounts.connected_account_id, connected_accounts.workspace_id, connected_accounts.provider,
    connected_accounts.vendor_account_id, connected_accounts.display_name, connected_accounts.user_identifier,
    connected_accounts.accepted_capabilities, connected_accounts.automatically_manage_new_devices,
    connected_accounts.custom_metadata, connected_accounts.customer_key, connected_accounts.errors,
    connected_accounts.warnings, connected_accounts.settings, connected_accounts.access_token,
    connected_accounts.refresh_token, connected_accounts.token_expires_at, connected_accounts.created_at,
    connected_accounts.connected_at, connected_accounts.first_synced_at, connected_accounts.poll_at,
    connected_accounts.attempts, connected_accounts.activations, connected_accounts.paused_until,
    connected_accounts.notices_base, connected_accounts.notices_hash, connected_accounts.notices_id,
    connected_accounts.notices_secret, connected_accounts.notices_at, connected_accounts.are_notices_refused
FROM connected_accounts
WHERE connected_accounts.workspace_id = %(ws)s::VARCHAR
AND connected_accounts.created_at >= %(from_at)s::BIGINT
AND (connected_accounts.created_at > %(from_at)s::BIGINT OR connected_accounts.created_at =
    %(from_at)s::BIGINT AND connected_accounts.connected_account_id >= %(from_id)s::VARCHAR)
AND connected_accounts.connected_account_id IN (SELECT
    jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS jsonb)))
ORDER BY connected_accounts.created_at, connected_accounts.connected_account_id
LIMIT %(limit)s;

-- connected_accounts.next_due
SELECT min(CASE WHEN (connected_accounts.leased_until > connected_accounts.due_at) THEN
    connected_accounts.leased_until ELSE connected_accounts.due_at END) AS min_1
FROM connected_accounts
WHERE connected_accounts.due_at IS NOT NULL;

-- connected_accounts.release
UPDATE connected_accounts
SET due_at=%(due)s::BIGINT, lease=NULL, leased_until=0
WHERE connected_accounts.connected_account_id = %(id)s::VARCHAR
AND connected_accounts.lease = %(token)s::VARCHAR;

-- connected_accounts.renew
UPDATE connected_accounts
SET due_at=%(until)s::BIGINT, leased_until=%(until)s::BIGINT
WHERE connected_accounts.connected_account_id = %(id)s::VARCHAR
AND connected_accounts.lease = %(token)s::VARCHAR;

-- connected_accounts.update
UPDATE connected_accounts
SET workspace_id=%(workspace_id)s::VARCHAR, provider=%(provider)s::VARCHAR,
    vendor_account_id=%(vendor_account_id)s::VARCHAR, display_name=%(display_name)s::VARCHAR,
    user_identifier=%(user_identifier)s::VARCHAR, accepted_capabilities=%(accepted_capabilities)s::VARCHAR,
    automatically_manage_new_devices=%(automatically_manage_new_devices)s::INTEGER,
    custom_metadata=%(custom_metadata)s::VARCHAR, customer_key=%(customer_key)s::VARCHAR,
    errors=%(errors)s::VARCHAR, warnings=%(warnings)s::VARCHAR, settings=%(settings)s::VARCHAR,
    access_token=%(access_token)s, refresh_token=%(refresh_token)s, activations=%(activations)s,
    token_expires_at=%(token_expires_at)s::BIGINT, created_at=%(created_at)s::BIGINT,
    connected_at=%(connected_at)s::BIGINT, first_synced_at=%(first_synced_at)s::BIGINT,
    poll_at=%(poll_at)s::BIGINT, attempts=%(attempts)s::BIGINT, paused_until=%(paused_until)s::BIGINT,
    notices_base=%(notices_base)s::VARCHAR, notices_hash=%(notices_hash)s::VARCHAR,
    notices_id=%(notices_id)s::VARCHAR, notices_secret=%(notices_secret)s, notices_at=%(notices_at)s::BIGINT,
    are_notices_refused=%(are_notices_refused)s::INTEGER
WHERE connected_accounts.connected_account_id = %(the_key)s::VARCHAR;

-- connected_accounts.wake
UPDATE connected_accounts
SET due_at=%(at)s::BIGINT
WHERE connected_accounts.connected_account_id = %(id)s::VARCHAR
AND (connected_accounts.due_at IS NULL OR connected_accounts.due_at > %(at)s::BIGINT);

-- connected_accounts.wake_unregistered
UPDATE connected_accounts
SET due_at=%(at)s::BIGINT
WHERE connected_accounts.provider = %(provider)s::VARCHAR
AND (connected_accounts.notices_base IS NULL OR connected_accounts.notices_base != %(base)s::VARCHAR)
AND connected_accounts.poll_at IS NOT NULL;

-- connected_accounts.wake_workspace
UPDATE connected_accounts
SET poll_at=CASE WHEN (connected_accounts.poll_at > %(poll)s::BIGINT) THEN %(poll)s ELSE
    connected_accounts.poll_at - 1 END, due_at=%(at)s::BIGINT
WHERE connected_accounts.workspace_id = %(ws)s::VARCHAR
AND connected_accounts.poll_at IS NOT NULL;

-- devices.by_name
SELECT devices.device_id
FROM devices
WHERE devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 1
AND (devices.nickname = %(name)s::VARCHAR OR devices.name = %(name)s::VARCHAR)
ORDER BY devices.created_at
LIMIT 1;

-- devices.by_name_within
SELECT devices.device_id
FROM devices
WHERE devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 1
AND (devices.nickname = %(name)s::VARCHAR OR devices.name = %(name)s::VARCHAR)
AND devices.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)))
ORDER BY devices.created_at
LIMIT 1;

-- devices.delete
DELETE
FROM devices
WHERE devices.device_id = %(id)s::VARCHAR;

-- devices.due
SELECT devices.device_id
FROM devices
WHERE devices.connected_account_id = %(account)s::VARCHAR
AND devices.due_at <= %(now)s::BIGINT
ORDER BY devices.due_at;

-- devices.find
SELECT devices.device_id, devices.workspace_id, devices.connected_account_id, devices.provider,
    devices.vendor_device_id, devices.device_type, devices.name, devices.nickname, devices.is_managed,
    devices.is_online, devices.capabilities, devices.properties, devices.time_zone, devices.errors,
    devices.warnings, devices.custom_metadata, devices.created_at, devices.removed_at, devices.due_at,
    devices.attempts, devices.sync_wanted, devices.look_wanted, devices.looked_at, devices.noticed_at,
    devices.seen_at, devices.has_backup_pool, devices.spares, devices.preload_hours,
    devices.just_in_time_minutes, devices.disturbed_at
FROM devices
WHERE devices.device_id = %(id)s::VARCHAR;

-- devices.forget_looks
UPDATE devices
SET looked_at=NULL
WHERE devices.workspace_id = %(ws)s::VARCHAR;

-- devices.get
SELECT devices.device_id, devices.workspace_id, devices.connected_account_id, devices.provider,
    devices.vendor_device_id, devices.device_type, devices.name, devices.nickname, devices.is_managed,
    devices.is_online, devices.capabilities, devices.properties, devices.time_zone, devices.errors,
    devices.warnings, devices.custom_metadata, devices.created_at, devices.removed_at, devices.due_at,
    devices.attempts, devices.sync_wanted, devices.look_wanted, devices.looked_at, devices.noticed_at,
    devices.seen_at, devices.has_backup_pool, devices.spares, devices.preload_hours,
    devices.just_in_time_minutes, devices.disturbed_at
FROM devices
WHERE devices.device_id = %(id)s::VARCHAR
AND devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 1;

-- devices.get_any
SELECT devices.device_id, devices.workspace_id, devices.connected_account_id, devices.provider,
    devices.vendor_device_id, devices.device_type, devices.name, devices.nickname, devices.is_managed,
    devices.is_online, devices.capabilities, devices.properties, devices.time_zone, devices.errors,
    devices.warnings, devices.custom_metadata, devices.created_at, devices.removed_at, devices.due_at,
    devices.attempts, devices.sync_wanted, devices.look_wanted, devices.looked_at, devices.noticed_at,
    devices.seen_at, devices.has_backup_pool, devices.spares, devices.preload_hours,
    devices.just_in_time_minutes, devices.disturbed_at
FROM devices
WHERE devices.device_id = %(id)s::VARCHAR
AND devices.workspace_id = %(ws)s::VARCHAR;

-- devices.get_any_within
SELECT devices.device_id, devices.workspace_id, devices.connected_account_id, devices.provider,
    devices.vendor_device_id, devices.device_type, devices.name, devices.nickname, devices.is_managed,
    devices.is_online, devices.capabilities, devices.properties, devices.time_zone, devices.errors,
    devices.warnings, devices.custom_metadata, devices.created_at, devices.removed_at, devices.due_at,
    devices.attempts, devices.sync_wanted, devices.look_wanted, devices.looked_at, devices.noticed_at,
    devices.seen_at, devices.has_backup_pool, devices.spares, devices.preload_hours,
    devices.just_in_time_minutes, devices.disturbed_at
FROM devices
WHERE devices.device_id = %(id)s::VARCHAR
AND devices.workspace_id = %(ws)s::VARCHAR
AND devices.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)));

-- devices.get_within
SELECT devices.device_id, devices.workspace_id, devices.connected_account_id, devices.provider,
    devices.vendor_device_id, devices.device_type, devices.name, devices.nickname, devices.is_managed,
    devices.is_online, devices.capabilities, devices.properties, devices.time_zone, devices.errors,
    devices.warnings, devices.custom_metadata, devices.created_at, devices.removed_at, devices.due_at,
    devices.attempts, devices.sync_wanted, devices.look_wanted, devices.looked_at, devices.noticed_at,
    devices.seen_at, devices.has_backup_pool, devices.spares, devices.preload_hours,
    devices.just_in_time_minutes, devices.disturbed_at
FROM devices
WHERE devices.device_id = %(id)s::VARCHAR
AND devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 1
AND devices.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)));

-- devices.insert
INSERT INTO devices (device_id, workspace_id, connected_account_id, provider, vendor_device_id, device_type,
    name, nickname, is_managed, is_online, capabilities, properties, time_zone, errors, warnings,
    custom_metadata, rendered, rendering, created_at, removed_at, due_at, attempts, sync_wanted, look_wanted,
    looked_at, noticed_at, seen_at, has_backup_pool, spares, preload_hours, just_in_time_minutes,
    disturbed_at)
VALUES (%(device_id)s::VARCHAR, %(workspace_id)s::VARCHAR, %(connected_account_id)s::VARCHAR,
    %(provider)s::VARCHAR, %(vendor_device_id)s::VARCHAR, %(device_type)s::VARCHAR, %(name)s::VARCHAR,
    %(nickname)s::VARCHAR, %(is_managed)s::INTEGER, %(is_online)s::INTEGER, %(capabilities)s::VARCHAR,
    %(properties)s::VARCHAR, %(time_zone)s::VARCHAR, %(errors)s::VARCHAR, %(warnings)s::VARCHAR,
    %(custom_metadata)s::VARCHAR, %(rendered)s::VARCHAR, %(rendering)s::BIGINT, %(created_at)s::BIGINT,
    %(removed_at)s::BIGINT, %(due_at)s::BIGINT, %(attempts)s::BIGINT, %(sync_wanted)s::INTEGER,
    %(look_wanted)s::INTEGER, %(looked_at)s::BIGINT, %(noticed_at)s::BIGINT, %(seen_at)s::BIGINT,
    %(has_backup_pool)s::INTEGER, %(spares)s::BIGINT, %(preload_hours)s::BIGINT,
    %(just_in_time_minutes)s::BIGINT, %(disturbed_at)s::BIGINT);

-- devices.list
SELECT devices.rendered, devices.rendering, devices.device_id, devices.created_at
FROM devices
WHERE devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 1
AND devices.created_at >= %(from_at)s::BIGINT
AND (devices.created_at > %(from_at)s::BIGINT OR devices.created_at = %(from_at)s::BIGINT AND
    devices.device_id >= %(from_id)s::VARCHAR)
ORDER BY devices.created_at, devices.device_id
LIMIT %(limit)s;

-- devices.list_within
SELECT devices.rendered, devices.rendering, devices.device_id, devices.created_at
FROM devices
WHERE devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 1
AND devices.created_at >= %(from_at)s::BIGINT
AND (devices.created_at > %(from_at)s::BIGINT OR devices.created_at = %(from_at)s::BIGINT AND
    devices.device_id >= %(from_id)s::VARCHAR)
AND devices.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)))
ORDER BY devices.created_at, devices.device_id
LIMIT %(limit)s;

-- devices.next_due
SELECT min(devices.due_at) AS min_1
FROM devices
WHERE devices.connected_account_id = %(account)s::VARCHAR
AND devices.due_at IS NOT NULL;

-- devices.notice
UPDATE devices
SET look_wanted=%(look)s::INTEGER, noticed_at=%(at)s::BIGINT
WHERE devices.device_id = %(id)s::VARCHAR;

-- devices.of_account
SELECT devices.device_id, devices.workspace_id, devices.connected_account_id, devices.provider,
    devices.vendor_device_id, devices.device_type, devices.name, devices.nickname, devices.is_managed,
    devices.is_online, devices.capabilities, devices.properties, devices.time_zone, devices.errors,
    devices.warnings, devices.custom_metadata, devices.created_at, devices.removed_at, devices.due_at,
    devices.attempts, devices.sync_wanted, devices.look_wanted, devices.looked_at, devices.noticed_at,
    devices.seen_at, devices.has_backup_pool, devices.spares, devices.preload_hours,
    devices.just_in_time_minutes, devices.disturbed_at
FROM devices
WHERE devices.connected_account_id = %(account)s::VARCHAR
ORDER BY devices.created_at;

-- devices.rendered
SELECT devices.rendered, devices.rendering
FROM devices
WHERE devices.device_id = %(id)s::VARCHAR
AND devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 1;

-- devices.rendered_within
SELECT devices.rendered, devices.rendering
FROM devices
WHERE devices.device_id = %(id)s::VARCHAR
AND devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 1
AND devices.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)));

-- devices.set_due
UPDATE devices
SET due_at=%(at)s::BIGINT
WHERE devices.device_id = %(id)s::VARCHAR;

-- devices.update
UPDATE devices
SET workspace_id=%(workspace_id)s::VARCHAR, connected_account_id=%(connected_account_id)s::VARCHAR,
    provider=%(provider)s::VARCHAR, vendor_device_id=%(vendor_device_id)s::VARCHAR,
    device_type=%(device_type)s::VARCHAR, name=%(name)s::VARCHAR, nickname=%(nickname)s::VARCHAR,
    is_managed=%(is_managed)s::INTEGER, is_online=%(is_online)s::INTEGER,
    capabilities=%(capabilities)s::VARCHAR, properties=%(properties)s::VARCHAR,
    time_zone=%(time_zone)s::VARCHAR, errors=%(errors)s::VARCHAR, warnings=%(warnings)s::VARCHAR,
    custom_metadata=%(custom_metadata)s::VARCHAR, rendered=%(rendered)s::VARCHAR,
    rendering=%(rendering)s::BIGINT, created_at=%(created_at)s::BIGINT, removed_at=%(removed_at)s::BIGINT,
    attempts=%(attempts)s::BIGINT, sync_wanted=%(sync_wanted)s::INTEGER, look_wanted=%(look_wanted)s::INTEGER,
    looked_at=%(looked_at)s::BIGINT, noticed_at=%(noticed_at)s::BIGINT, seen_at=%(seen_at)s::BIGINT,
    has_backup_pool=%(has_backup_pool)s::INTEGER, spares=%(spares)s::BIGINT,
    preload_hours=%(preload_hours)s::BIGINT, just_in_time_minutes=%(just_in_time_minutes)s::BIGINT,
    disturbed_at=%(disturbed_at)s::BIGINT
WHERE devices.device_id = %(the_key)s::VARCHAR;

-- devices.wake
UPDATE devices
SET due_at=%(at)s::BIGINT
WHERE devices.device_id = %(id)s::VARCHAR
AND (devices.due_at IS NULL OR devices.due_at > %(at)s::BIGINT);

-- entry_marks.insert
INSERT INTO entry_marks (device_id, since_at, read_until, asked_at, was_online, told)
VALUES (%(device_id)s::VARCHAR, %(since_at)s::BIGINT, %(read_until)s::BIGINT, %(asked_at)s::BIGINT,
    %(was_online)s::INTEGER, %(told)s::VARCHAR);

-- entry_marks.of_account
SELECT entry_marks.device_id, entry_marks.since_at, entry_marks.read_until, entry_marks.asked_at,
    entry_marks.was_online, entry_marks.told
FROM entry_marks
JOIN devices ON devices.device_id = entry_marks.device_id
WHERE devices.connected_account_id = %(account)s::VARCHAR;

-- entry_marks.update
UPDATE entry_marks
SET since_at=%(since_at)s::BIGINT, read_until=%(read_until)s::BIGINT, asked_at=%(asked_at)s::BIGINT,
    was_online=%(was_online)s::INTEGER, told=%(told)s::VARCHAR
WHERE entry_marks.device_id = %(the_key)s::VARCHAR;

-- events.after
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields, events.position
FROM events
WHERE events.workspace_id = %(ws)s::VARCHAR
AND events.position > %(position)s::BIGINT
ORDER BY events.position
LIMIT %(limit)s;

-- events.after_within
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields, events.position
FROM events
WHERE events.workspace_id = %(ws)s::VARCHAR
AND events.position > %(position)s::BIGINT
AND (events.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb))) OR events.connected_account_id IS NULL AND events.connect_webview_id IN (SELECT
    jsonb_array_elements_text(CAST(%(reach_webviews)s::VARCHAR AS jsonb))))
ORDER BY events.position
LIMIT %(limit)s;

-- events.by_ids
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.event_id IN (SELECT jsonb_array_elements_text(CAST(%(ids)s::VARCHAR AS jsonb)));

-- events.count
SELECT count(*) AS count_1
FROM events
WHERE events.workspace_id = %(ws)s::VARCHAR;

-- events.first_since
SELECT min(events.position) AS min_1
FROM events
WHERE events.workspace_id = %(ws)s::VARCHAR
AND events.created_at > %(since)s::BIGINT;

-- events.get
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.event_id = %(event_id)s::VARCHAR
AND events.workspace_id = %(ws)s::VARCHAR
AND events.event_type NOT LIKE 'ostiary.%%';

-- events.get_within
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.event_id = %(event_id)s::VARCHAR
AND events.workspace_id = %(ws)s::VARCHAR
AND events.event_type NOT LIKE 'ostiary.%%'
AND (events.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb))) OR events.connected_account_id IS NULL AND events.connect_webview_id IN (SELECT
    jsonb_array_elements_text(CAST(%(reach_webviews)s::VARCHAR AS jsonb))));

-- events.insert
INSERT INTO events (event_id, workspace_id, event_type, device_id, access_code_id, connected_account_id,
    connect_webview_id, action_attempt_id, customer_key, occurred_at, created_at, payload, secret_fields)
VALUES (%(event_id)s::VARCHAR, %(workspace_id)s::VARCHAR, %(event_type)s::VARCHAR, %(device_id)s::VARCHAR,
    %(access_code_id)s::VARCHAR, %(connected_account_id)s::VARCHAR, %(connect_webview_id)s::VARCHAR,
    %(action_attempt_id)s::VARCHAR, %(customer_key)s::VARCHAR, %(occurred_at)s::BIGINT,
    %(created_at)s::BIGINT, %(payload)s::VARCHAR, %(secret_fields)s);

-- events.last
SELECT events.position, events.event_id
FROM events
WHERE events.workspace_id = %(ws)s::VARCHAR
AND events.position < %(below)s::BIGINT
ORDER BY events.position DESC
LIMIT 1;

-- events.list
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.workspace_id = %(ws)s::VARCHAR
AND events.created_at > %(since)s::BIGINT
AND events.created_at < %(until)s::BIGINT
AND (%(in_event_type)s::VARCHAR IS NULL OR events.event_type IN (SELECT
    jsonb_array_elements_text(CAST(%(in_event_type)s::VARCHAR AS jsonb))))
AND (%(in_device_id)s::VARCHAR IS NULL OR events.device_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_device_id)s::VARCHAR AS jsonb))))
AND (%(in_access_code_id)s::VARCHAR IS NULL OR events.access_code_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_access_code_id)s::VARCHAR AS jsonb))))
AND (%(in_connected_account_id)s::VARCHAR IS NULL OR events.connected_account_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_connected_account_id)s::VARCHAR AS jsonb))))
AND (%(in_connect_webview_id)s::VARCHAR IS NULL OR events.connect_webview_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_connect_webview_id)s::VARCHAR AS jsonb))))
AND (%(in_customer_key)s::VARCHAR IS NULL OR events.customer_key IN (SELECT
    jsonb_array_elements_text(CAST(%(in_customer_key)s::VARCHAR AS jsonb))))
AND (%(in_event_id)s::VARCHAR IS NULL OR events.event_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_event_id)s::VARCHAR AS jsonb))))
AND events.event_type NOT LIKE 'ostiary.%%'
ORDER BY events.created_at DESC, events.event_id DESC
LIMIT %(limit)s OFFSET %(offset)s;

-- events.list_ids
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.workspace_id = %(ws)s::VARCHAR
AND events.created_at > %(since)s::BIGINT
AND events.created_at < %(until)s::BIGINT
AND (%(in_event_type)s::VARCHAR IS NULL OR events.event_type IN (SELECT
    jsonb_array_elements_text(CAST(%(in_event_type)s::VARCHAR AS jsonb))))
AND (%(in_device_id)s::VARCHAR IS NULL OR events.device_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_device_id)s::VARCHAR AS jsonb))))
AND (%(in_access_code_id)s::VARCHAR IS NULL OR events.access_code_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_access_code_id)s::VARCHAR AS jsonb))))
AND (%(in_connected_account_id)s::VARCHAR IS NULL OR events.connected_account_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_connected_account_id)s::VARCHAR AS jsonb))))
AND (%(in_connect_webview_id)s::VARCHAR IS NULL OR events.connect_webview_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_connect_webview_id)s::VARCHAR AS jsonb))))
AND (%(in_customer_key)s::VARCHAR IS NULL OR events.customer_key IN (SELECT
    jsonb_array_elements_text(CAST(%(in_customer_key)s::VARCHAR AS jsonb))))
AND events.event_id IN (SELECT jsonb_array_elements_text(CAST(%(in_event_id)s::VARCHAR AS jsonb)))
AND events.event_type NOT LIKE 'ostiary.%%'
ORDER BY events.created_at DESC, events.event_id DESC
LIMIT %(limit)s OFFSET %(offset)s;

-- events.list_ids_within
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.workspace_id = %(ws)s::VARCHAR
AND events.created_at > %(since)s::BIGINT
AND events.created_at < %(until)s::BIGINT
AND (%(in_event_type)s::VARCHAR IS NULL OR events.event_type IN (SELECT
    jsonb_array_elements_text(CAST(%(in_event_type)s::VARCHAR AS jsonb))))
AND (%(in_device_id)s::VARCHAR IS NULL OR events.device_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_device_id)s::VARCHAR AS jsonb))))
AND (%(in_access_code_id)s::VARCHAR IS NULL OR events.access_code_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_access_code_id)s::VARCHAR AS jsonb))))
AND (%(in_connected_account_id)s::VARCHAR IS NULL OR events.connected_account_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_connected_account_id)s::VARCHAR AS jsonb))))
AND (%(in_connect_webview_id)s::VARCHAR IS NULL OR events.connect_webview_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_connect_webview_id)s::VARCHAR AS jsonb))))
AND (%(in_customer_key)s::VARCHAR IS NULL OR events.customer_key IN (SELECT
    jsonb_array_elements_text(CAST(%(in_customer_key)s::VARCHAR AS jsonb))))
AND events.event_id IN (SELECT jsonb_array_elements_text(CAST(%(in_event_id)s::VARCHAR AS jsonb)))
AND events.event_type NOT LIKE 'ostiary.%%'
AND (events.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb))) OR events.connected_account_id IS NULL AND events.connect_webview_id IN (SELECT
    jsonb_array_elements_text(CAST(%(reach_webviews)s::VARCHAR AS jsonb))))
ORDER BY events.created_at DESC, events.event_id DESC
LIMIT %(limit)s OFFSET %(offset)s;

-- events.list_within
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.workspace_id = %(ws)s::VARCHAR
AND events.created_at > %(since)s::BIGINT
AND events.created_at < %(until)s::BIGINT
AND (%(in_event_type)s::VARCHAR IS NULL OR events.event_type IN (SELECT
    jsonb_array_elements_text(CAST(%(in_event_type)s::VARCHAR AS jsonb))))
AND (%(in_device_id)s::VARCHAR IS NULL OR events.device_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_device_id)s::VARCHAR AS jsonb))))
AND (%(in_access_code_id)s::VARCHAR IS NULL OR events.access_code_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_access_code_id)s::VARCHAR AS jsonb))))
AND (%(in_connected_account_id)s::VARCHAR IS NULL OR events.connected_account_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_connected_account_id)s::VARCHAR AS jsonb))))
AND (%(in_connect_webview_id)s::VARCHAR IS NULL OR events.connect_webview_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_connect_webview_id)s::VARCHAR AS jsonb))))
AND (%(in_customer_key)s::VARCHAR IS NULL OR events.customer_key IN (SELECT
    jsonb_array_elements_text(CAST(%(in_customer_key)s::VARCHAR AS jsonb))))
AND (%(in_event_id)s::VARCHAR IS NULL OR events.event_id IN (SELECT
    jsonb_array_elements_text(CAST(%(in_event_id)s::VARCHAR AS jsonb))))
AND events.event_type NOT LIKE 'ostiary.%%'
AND (events.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb))) OR events.connected_account_id IS NULL AND events.connect_webview_id IN (SELECT
    jsonb_array_elements_text(CAST(%(reach_webviews)s::VARCHAR AS jsonb))))
ORDER BY events.created_at DESC, events.event_id DESC
LIMIT %(limit)s OFFSET %(offset)s;

-- events.of_code
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.access_code_id = %(id)s::VARCHAR
AND events.event_type IN (SELECT jsonb_array_elements_text(CAST(%(types)s::VARCHAR AS jsonb)))
AND events.workspace_id = %(ws)s::VARCHAR
ORDER BY events.created_at, events.event_id;

-- events.of_code_within
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.access_code_id = %(id)s::VARCHAR
AND events.event_type IN (SELECT jsonb_array_elements_text(CAST(%(types)s::VARCHAR AS jsonb)))
AND events.workspace_id = %(ws)s::VARCHAR
AND (events.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb))) OR events.connected_account_id IS NULL AND events.connect_webview_id IN (SELECT
    jsonb_array_elements_text(CAST(%(reach_webviews)s::VARCHAR AS jsonb))))
ORDER BY events.created_at, events.event_id;

-- events.oldest
SELECT events.position, events.created_at
FROM events
WHERE events.workspace_id = %(ws)s::VARCHAR
ORDER BY events.position
LIMIT %(limit)s;

-- events.position
SELECT events.position
FROM events
WHERE events.event_id = %(event_id)s::VARCHAR
AND events.workspace_id = %(ws)s::VARCHAR;

-- events.position_within
SELECT events.position
FROM events
WHERE events.event_id = %(event_id)s::VARCHAR
AND events.workspace_id = %(ws)s::VARCHAR
AND (events.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb))) OR events.connected_account_id IS NULL AND events.connect_webview_id IN (SELECT
    jsonb_array_elements_text(CAST(%(reach_webviews)s::VARCHAR AS jsonb))));

-- events.remove
DELETE
FROM events
WHERE events.workspace_id = %(ws)s::VARCHAR
AND events.position <= %(position)s::BIGINT;

-- events.within
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.workspace_id = %(ws)s::VARCHAR
AND events.position > %(position)s::BIGINT
AND events.created_at >= %(since)s::BIGINT
AND events.created_at < %(until)s::BIGINT
ORDER BY events.position
LIMIT %(limit)s;

-- evidence.insert
INSERT INTO evidence (access_code_id, position, workspace_id, at, kind, status, facts, previous_hash, hash,
    seal)
VALUES (%(access_code_id)s::VARCHAR, %(position)s::BIGINT, %(workspace_id)s::VARCHAR, %(at)s::BIGINT,
    %(kind)s::VARCHAR, %(status)s::VARCHAR, %(facts)s::VARCHAR, %(previous_hash)s::VARCHAR, %(hash)s::VARCHAR,
    %(seal)s::VARCHAR);

-- evidence.last
SELECT evidence.access_code_id, evidence.position, evidence.workspace_id, evidence.at, evidence.kind,
    evidence.status, evidence.facts, evidence.previous_hash, evidence.hash, evidence.seal
FROM evidence
WHERE evidence.access_code_id = %(id)s::VARCHAR
ORDER BY evidence.position DESC
LIMIT 1;

-- evidence.of_code
SELECT evidence.access_code_id, evidence.position, evidence.workspace_id, evidence.at, evidence.kind,
    evidence.status, evidence.facts, evidence.previous_hash, evidence.hash, evidence.seal
FROM evidence
WHERE evidence.access_code_id = %(id)s::VARCHAR
AND evidence.workspace_id = %(ws)s::VARCHAR
ORDER BY evidence.position;

-- evidence.of_code_within
SELECT evidence.access_code_id, evidence.position, evidence.workspace_id, evidence.at, evidence.kind,
    evidence.status, evidence.facts, evidence.previous_hash, evidence.hash, evidence.seal
FROM evidence
WHERE evidence.access_code_id = %(id)s::VARCHAR
AND evidence.workspace_id = %(ws)s::VARCHAR
AND (EXISTS (SELECT * FROM access_codes WHERE access_codes.access_code_id = %(id)s::VARCHAR AND
    access_codes.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)))))
ORDER BY evidence.position;

-- evidence.unseal
UPDATE evidence
SET seal=NULL
WHERE evidence.access_code_id = %(id)s::VARCHAR
AND evidence.position = %(at_position)s::BIGINT;

-- evidence.view
SELECT devices.capabilities, devices.preload_hours, devices.just_in_time_minutes, connected_accounts.errors
FROM devices
JOIN connected_accounts ON connected_accounts.connected_account_id = devices.connected_account_id
WHERE devices.device_id = %(device)s::VARCHAR;

-- installation.get
SELECT installation.value
FROM installation
WHERE installation.name = %(name)s::VARCHAR;

-- installation.insert
INSERT INTO installation (name, value)
VALUES (%(name)s::VARCHAR, %(value)s);

-- installation.touch
UPDATE installation
SET value=installation.value
WHERE installation.name = %(the_name)s::VARCHAR;

-- steps.insert
INSERT INTO steps (step_id, workspace_id, device_id, access_code_id, kind, generation, vendor_code_id,
    code_hash, planned_at, outcome, wait_until, reaches_at, settled_at)
VALUES (%(step_id)s::VARCHAR, %(workspace_id)s::VARCHAR, %(device_id)s::VARCHAR, %(access_code_id)s::VARCHAR,
    %(kind)s::VARCHAR, %(generation)s::BIGINT, %(vendor_code_id)s::VARCHAR, %(code_hash)s::VARCHAR,
    %(planned_at)s::BIGINT, %(outcome)s::VARCHAR, %(wait_until)s::BIGINT, %(reaches_at)s::BIGINT,
    %(settled_at)s::BIGINT);

-- steps.open
SELECT steps.step_id, steps.access_code_id, steps.kind, steps.generation, steps.vendor_code_id,
    steps.code_hash, steps.planned_at, steps.outcome, steps.wait_until, steps.reaches_at, steps.settled_at
FROM steps
WHERE steps.device_id = %(device)s::VARCHAR
AND steps.settled_at IS NULL
ORDER BY steps.planned_at;

-- steps.update
UPDATE steps
SET access_code_id=%(access_code_id)s::VARCHAR, kind=%(kind)s::VARCHAR, generation=%(generation)s::BIGINT,
    vendor_code_id=%(vendor_code_id)s::VARCHAR, code_hash=%(code_hash)s::VARCHAR,
    planned_at=%(planned_at)s::BIGINT, outcome=%(outcome)s::VARCHAR, wait_until=%(wait_until)s::BIGINT,
    reaches_at=%(reaches_at)s::BIGINT, settled_at=%(settled_at)s::BIGINT
WHERE steps.step_id = %(the_key)s::VARCHAR;

-- steps.written_pins
SELECT DISTINCT steps.access_code_id, steps.code_hash
FROM steps
WHERE steps.access_code_id IN (SELECT jsonb_array_elements_text(CAST(%(ids)s::VARCHAR AS jsonb)));

-- unmanaged_access_codes.by_pin
SELECT unmanaged_access_codes.access_code_id, unmanaged_access_codes.workspace_id,
    unmanaged_access_codes.connected_account_id, unmanaged_access_codes.device_id,
    unmanaged_access_codes.vendor_code_id, unmanaged_access_codes.name, unmanaged_access_codes.code,
    unmanaged_access_codes.code_hash, unmanaged_access_codes.starts_at, unmanaged_access_codes.ends_at,
    unmanaged_access_codes.is_enabled, unmanaged_access_codes.created_at, unmanaged_access_codes.gone_at,
    unmanaged_access_codes.mark, unmanaged_access_codes.is_exact, unmanaged_access_codes.is_removable,
    unmanaged_access_codes.delete_requested_at, unmanaged_access_codes.delete_sent_at,
    unmanaged_access_codes.retry_at, unmanaged_access_codes.weekly_window
FROM unmanaged_access_codes
WHERE unmanaged_access_codes.device_id = %(device)s::VARCHAR
AND unmanaged_access_codes.code_hash = %(hash)s::VARCHAR
AND unmanaged_access_codes.gone_at IS NULL
ORDER BY unmanaged_access_codes.created_at
LIMIT 1;

-- unmanaged_access_codes.by_vendor_code
SELECT unmanaged_access_codes.access_code_id, unmanaged_access_codes.workspace_id,
    unmanaged_access_codes.connected_account_id, unmanaged_access_codes.device_id,
    unmanaged_access_codes.vendor_code_id, unmanaged_access_codes.name, unmanaged_access_codes.code,
    unmanaged_access_codes.code_hash, unmanaged_access_codes.starts_at, unmanaged_access_codes.ends_at,
    unmanaged_access_codes.is_enabled, unmanaged_access_codes.created_at, unmanaged_access_codes.gone_at,
    unmanaged_access_codes.mark, unmanaged_access_codes.is_exact, unmanaged_access_codes.is_removable,
    unmanaged_access_codes.delete_requested_at, unmanaged_access_codes.delete_sent_at,
    unmanaged_access_codes.retry_at, unmanaged_access_codes.weekly_window
FROM unmanaged_access_codes
WHERE unmanaged_access_codes.device_id = %(device)s::VARCHAR
AND unmanaged_access_codes.vendor_code_id = %(vendor_code)s::VARCHAR
ORDER BY unmanaged_access_codes.created_at DESC
LIMIT 1;

-- unmanaged_access_codes.get
SELECT unmanaged_access_codes.access_code_id, unmanaged_access_codes.workspace_id,
    unmanaged_access_codes.connected_account_id, unmanaged_access_codes.device_id,
    unmanaged_access_codes.vendor_code_id, unmanaged_access_codes.name, unmanaged_access_codes.code,
    unmanaged_access_codes.code_hash, unmanaged_access_codes.starts_at, unmanaged_access_codes.ends_at,
    unmanaged_access_codes.is_enabled, unmanaged_access_codes.created_at, unmanaged_access_codes.gone_at,
    unmanaged_access_codes.mark, unmanaged_access_codes.is_exact, unmanaged_access_codes.is_removable,
    unmanaged_access_codes.delete_requested_at, unmanaged_access_codes.delete_sent_at,
    unmanaged_access_codes.retry_at, unmanaged_access_codes.weekly_window
FROM unmanaged_access_codes
WHERE unmanaged_access_codes.access_code_id = %(id)s::VARCHAR
AND unmanaged_access_codes.workspace_id = %(ws)s::VARCHAR
AND unmanaged_access_codes.gone_at IS NULL;

-- unmanaged_access_codes.get_any
SELECT unmanaged_access_codes.access_code_id, unmanaged_access_codes.workspace_id,
    unmanaged_access_codes.connected_account_id, unmanaged_access_codes.device_id,
    unmanaged_access_codes.vendor_code_id, unmanaged_access_codes.name, unmanaged_access_codes.code,
    unmanaged_access_codes.code_hash, unmanaged_access_codes.starts_at, unmanaged_access_codes.ends_at,
    unmanaged_access_codes.is_enabled, unmanaged_access_codes.created_at, unmanaged_access_codes.gone_at,
    unmanaged_access_codes.mark, unmanaged_access_codes.is_exact, unmanaged_access_codes.is_removable,
    unmanaged_access_codes.delete_requested_at, unmanaged_access_codes.delete_sent_at,
    unmanaged_access_codes.retry_at, unmanaged_access_codes.weekly_window
FROM unmanaged_access_codes
WHERE unmanaged_access_codes.access_code_id = %(id)s::VARCHAR;

-- unmanaged_access_codes.get_within
SELECT unmanaged_access_codes.access_code_id, unmanaged_access_codes.workspace_id,
    unmanaged_access_codes.connected_account_id, unmanaged_access_codes.device_id,
    unmanaged_access_codes.vendor_code_id, unmanaged_access_codes.name, unmanaged_access_codes.code,
    unmanaged_access_codes.code_hash, unmanaged_access_codes.starts_at, unmanaged_access_codes.ends_at,
    unmanaged_access_codes.is_enabled, unmanaged_access_codes.created_at, unmanaged_access_codes.gone_at,
    unmanaged_access_codes.mark, unmanaged_access_codes.is_exact, unmanaged_access_codes.is_removable,
    unmanaged_access_codes.delete_requested_at, unmanaged_access_codes.delete_sent_at,
    unmanaged_access_codes.retry_at, unmanaged_access_codes.weekly_window
FROM unmanaged_access_codes
WHERE unmanaged_access_codes.access_code_id = %(id)s::VARCHAR
AND unmanaged_access_codes.workspace_id = %(ws)s::VARCHAR
AND unmanaged_access_codes.gone_at IS NULL
AND unmanaged_access_codes.connected_account_id IN (SELECT
    jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS jsonb)));

-- unmanaged_access_codes.insert
INSERT INTO unmanaged_access_codes (access_code_id, workspace_id, connected_account_id, device_id,
    vendor_code_id, name, code, code_hash, starts_at, ends_at, is_enabled, created_at, gone_at, mark,
    is_exact, is_removable, delete_requested_at, delete_sent_at, retry_at, weekly_window)
VALUES (%(access_code_id)s::VARCHAR, %(workspace_id)s::VARCHAR, %(connected_account_id)s::VARCHAR,
    %(device_id)s::VARCHAR, %(vendor_code_id)s::VARCHAR, %(name)s::VARCHAR, %(code)s, %(code_hash)s::VARCHAR,
    %(starts_at)s::BIGINT, %(ends_at)s::BIGINT, %(is_enabled)s::INTEGER, %(created_at)s::BIGINT,
    %(gone_at)s::BIGINT, %(mark)s::VARCHAR, %(is_exact)s::INTEGER, %(is_removable)s::INTEGER,
    %(delete_requested_at)s::BIGINT, %(delete_sent_at)s::BIGINT, %(retry_at)s::BIGINT,
    %(weekly_window)s::VARCHAR);

-- unmanaged_access_codes.list
SELECT unmanaged_access_codes.access_code_id, unmanaged_access_codes.workspace_id,
    unmanaged_access_codes.connected_account_id, unmanaged_access_codes.device_id,
    unmanaged_access_codes.vendor_code_id, unmanaged_access_codes.name, unmanaged_access_codes.code,
    unmanaged_access_codes.code_hash, unmanaged_access_codes.starts_at, unmanaged_access_codes.ends_at,
    unmanaged_access_codes.is_enabled, unmanaged_access_codes.created_at, unmanaged_access_codes.gone_at,
    unmanaged_access_codes.mark, unmanaged_access_codes.is_exact, unmanaged_access_codes.is_removable,
    unmanaged_access_codes.delete_requested_at, unmanaged_access_codes.delete_sent_at,
    unmanaged_access_codes.retry_at, unmanaged_access_codes.weekly_window
FROM unmanaged_access_codes
WHERE unmanaged_access_codes.workspace_id = %(ws)s::VARCHAR
AND unmanaged_access_codes.device_id = %(device)s::VARCHAR
AND unmanaged_access_codes.gone_at IS NULL
AND unmanaged_access_codes.created_at >= %(from_at)s::BIGINT
AND (unmanaged_access_codes.created_at > %(from_at)s::BIGINT OR unmanaged_access_codes.created_at =
    %(from_at)s::BIGINT AND unmanaged_access_codes.access_code_id >= %(from_id)s::VARCHAR)
ORDER BY unmanaged_access_codes.created_at, unmanaged_access_codes.access_code_id
LIMIT %(limit)s;

-- unmanaged_access_codes.list_within
SELECT unmanaged_access_codes.access_code_id, unmanaged_access_codes.workspace_id,
    unmanaged_access_codes.connected_account_id, unmanaged_access_codes.device_id,
    unmanaged_access_codes.vendor_code_id, unmanaged_access_codes.name, unmanaged_access_codes.code,
    unmanaged_access_codes.code_hash, unmanaged_access_codes.starts_at, unmanaged_access_codes.ends_at,
    unmanaged_access_codes.is_enabled, unmanaged_access_codes.created_at, unmanaged_access_codes.gone_at,
    unmanaged_access_codes.mark, unmanaged_access_codes.is_exact, unmanaged_access_codes.is_removable,
    unmanaged_access_codes.delete_requested_at, unmanaged_access_codes.delete_sent_at,
    unmanaged_access_codes.retry_at, unmanaged_access_codes.weekly_window
FROM unmanaged_access_codes
WHERE unmanaged_access_codes.workspace_id = %(ws)s::VARCHAR
AND unmanaged_access_codes.device_id = %(device)s::VARCHAR
AND unmanaged_access_codes.gone_at IS NULL
AND unmanaged_access_codes.created_at >= %(from_at)s::BIGINT
AND (unmanaged_access_codes.created_at > %(from_at)s::BIGINT OR unmanaged_access_codes.created_at =
    %(from_at)s::BIGINT AND unmanaged_access_codes.access_code_id >= %(from_id)s::VARCHAR)
AND unmanaged_access_codes.connected_account_id IN (SELECT
    jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS jsonb)))
ORDER BY unmanaged_access_codes.created_at, unmanaged_access_codes.access_code_id
LIMIT %(limit)s;

-- unmanaged_access_codes.on_device
SELECT unmanaged_access_codes.access_code_id, unmanaged_access_codes.workspace_id,
    unmanaged_access_codes.connected_account_id, unmanaged_access_codes.device_id,
    unmanaged_access_codes.vendor_code_id, unmanaged_access_codes.name, unmanaged_access_codes.code,
    unmanaged_access_codes.code_hash, unmanaged_access_codes.starts_at, unmanaged_access_codes.ends_at,
    unmanaged_access_codes.is_enabled, unmanaged_access_codes.created_at, unmanaged_access_codes.gone_at,
    unmanaged_access_codes.mark, unmanaged_access_codes.is_exact, unmanaged_access_codes.is_removable,
    unmanaged_access_codes.delete_requested_at, unmanaged_access_codes.delete_sent_at,
    unmanaged_access_codes.retry_at, unmanaged_access_codes.weekly_window
FROM unmanaged_access_codes
WHERE unmanaged_access_codes.device_id = %(device)s::VARCHAR
AND unmanaged_access_codes.gone_at IS NULL
ORDER BY unmanaged_access_codes.created_at;

-- unmanaged_access_codes.update
UPDATE unmanaged_access_codes
SET workspace_id=%(workspace_id)s::VARCHAR, connected_account_id=%(connected_account_id)s::VARCHAR,
    device_id=%(device_id)s::VARCHAR, vendor_code_id=%(vendor_code_id)s::VARCHAR, name=%(name)s::VARCHAR,
    code=%(code)s, code_hash=%(code_hash)s::VARCHAR, starts_at=%(starts_at)s::BIGINT,
    ends_at=%(ends_at)s::BIGINT, is_enabled=%(is_enabled)s::INTEGER, created_at=%(created_at)s::BIGINT,
    gone_at=%(gone_at)s::BIGINT, mark=%(mark)s::VARCHAR, is_exact=%(is_exact)s::INTEGER,
    is_removable=%(is_removable)s::INTEGER, delete_requested_at=%(delete_requested_at)s::BIGINT,
    delete_sent_at=%(delete_sent_at)s::BIGINT, retry_at=%(retry_at)s::BIGINT,
    weekly_window=%(weekly_window)s::VARCHAR
WHERE unmanaged_access_codes.access_code_id = %(the_key)s::VARCHAR;

-- unmanaged_devices.by_name
SELECT devices.device_id
FROM devices
WHERE devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 0
AND (devices.nickname = %(name)s::VARCHAR OR devices.name = %(name)s::VARCHAR)
ORDER BY devices.created_at
LIMIT 1;

-- unmanaged_devices.by_name_within
SELECT devices.device_id
FROM devices
WHERE devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 0
AND (devices.nickname = %(name)s::VARCHAR OR devices.name = %(name)s::VARCHAR)
AND devices.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)))
ORDER BY devices.created_at
LIMIT 1;

-- unmanaged_devices.list
SELECT devices.rendered, devices.rendering, devices.device_id, devices.created_at
FROM devices
WHERE devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 0
AND devices.created_at >= %(from_at)s::BIGINT
AND (devices.created_at > %(from_at)s::BIGINT OR devices.created_at = %(from_at)s::BIGINT AND
    devices.device_id >= %(from_id)s::VARCHAR)
ORDER BY devices.created_at, devices.device_id
LIMIT %(limit)s;

-- unmanaged_devices.list_within
SELECT devices.rendered, devices.rendering, devices.device_id, devices.created_at
FROM devices
WHERE devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 0
AND devices.created_at >= %(from_at)s::BIGINT
AND (devices.created_at > %(from_at)s::BIGINT OR devices.created_at = %(from_at)s::BIGINT AND
    devices.device_id >= %(from_id)s::VARCHAR)
AND devices.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)))
ORDER BY devices.created_at, devices.device_id
LIMIT %(limit)s;

-- unmanaged_devices.rendered
SELECT devices.rendered, devices.rendering
FROM devices
WHERE devices.device_id = %(id)s::VARCHAR
AND devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 0;

-- unmanaged_devices.rendered_within
SELECT devices.rendered, devices.rendering
FROM devices
WHERE devices.device_id = %(id)s::VARCHAR
AND devices.workspace_id = %(ws)s::VARCHAR
AND devices.is_managed = 0
AND devices.connected_account_id IN (SELECT jsonb_array_elements_text(CAST(%(reach_accounts)s::VARCHAR AS
    jsonb)));

-- vendor_codes.forget
DELETE
FROM vendor_codes
WHERE vendor_codes.device_id = %(device)s::VARCHAR
AND vendor_codes.vendor_code_id = %(vendor_id)s::VARCHAR;

-- vendor_codes.get
SELECT vendor_codes.access_code_id
FROM vendor_codes
WHERE vendor_codes.device_id = %(device)s::VARCHAR
AND vendor_codes.vendor_code_id = %(vendor_id)s::VARCHAR;

-- vendor_codes.insert
INSERT INTO vendor_codes (device_id, vendor_code_id, access_code_id)
VALUES (%(device_id)s::VARCHAR, %(vendor_code_id)s::VARCHAR, %(access_code_id)s::VARCHAR);

-- virtual_homes.get
SELECT virtual_homes.state, virtual_homes.version
FROM virtual_homes
WHERE virtual_homes.workspace_id = %(ws)s::VARCHAR
AND virtual_homes.provider = %(by_provider)s::VARCHAR
AND virtual_homes.home = %(by_home)s::VARCHAR;

-- virtual_homes.insert
INSERT INTO virtual_homes (workspace_id, provider, home, version, state)
VALUES (%(workspace_id)s::VARCHAR, %(provider)s::VARCHAR, %(home)s::VARCHAR, %(version)s::BIGINT, %(state)s);

-- virtual_homes.names
SELECT virtual_homes.home
FROM virtual_homes
WHERE virtual_homes.workspace_id = %(ws)s::VARCHAR
AND virtual_homes.provider = %(by_provider)s::VARCHAR
ORDER BY virtual_homes.home;

-- virtual_homes.save
UPDATE virtual_homes
SET version=%(new)s::BIGINT, state=%(blob)s
WHERE virtual_homes.workspace_id = %(ws)s::VARCHAR
AND virtual_homes.provider = %(by_provider)s::VARCHAR
AND virtual_homes.home = %(by_home)s::VARCHAR
AND virtual_homes.version = %(old)s::BIGINT;

-- webhook_deliveries.any_old
SELECT 1 AS anon_1
FROM webhook_deliveries
WHERE webhook_deliveries.workspace_id = %(ws)s::VARCHAR
AND webhook_deliveries.settled_at IS NOT NULL
AND webhook_deliveries.settled_at < %(before)s::BIGINT
LIMIT 1;

-- webhook_deliveries.count_pending
SELECT count(*) AS count_1
FROM webhook_deliveries
WHERE webhook_deliveries.webhook_id = %(webhook_id)s::VARCHAR
AND webhook_deliveries.due_at IS NOT NULL;

-- webhook_deliveries.due
SELECT webhook_deliveries.webhook_id, webhook_deliveries.event_id, webhook_deliveries.workspace_id,
    webhook_deliveries.position, webhook_deliveries.event_type, webhook_deliveries.status,
    webhook_deliveries.attempts, webhook_deliveries.tries, webhook_deliveries.created_at,
    webhook_deliveries.due_at, webhook_deliveries.settled_at
FROM webhook_deliveries
WHERE webhook_deliveries.webhook_id = %(webhook_id)s::VARCHAR
AND webhook_deliveries.due_at IS NOT NULL
AND webhook_deliveries.due_at <= %(now)s::BIGINT
ORDER BY webhook_deliveries.due_at, webhook_deliveries.position
LIMIT %(limit)s;

-- webhook_deliveries.first_waiting
SELECT min(webhook_deliveries.position) AS min_1
FROM webhooks
JOIN webhook_deliveries ON webhook_deliveries.webhook_id = webhooks.webhook_id
WHERE webhooks.workspace_id = %(ws)s::VARCHAR
AND webhook_deliveries.due_at IS NOT NULL;

-- webhook_deliveries.get
SELECT webhook_deliveries.webhook_id, webhook_deliveries.event_id, webhook_deliveries.workspace_id,
    webhook_deliveries.position, webhook_deliveries.event_type, webhook_deliveries.status,
    webhook_deliveries.attempts, webhook_deliveries.tries, webhook_deliveries.created_at,
    webhook_deliveries.due_at, webhook_deliveries.settled_at
FROM webhook_deliveries
WHERE webhook_deliveries.webhook_id = %(webhook_id)s::VARCHAR
AND webhook_deliveries.event_id = %(event_id)s::VARCHAR;

-- webhook_deliveries.give_up
UPDATE webhook_deliveries
SET status='failed', due_at=NULL, settled_at=%(now)s::BIGINT
WHERE webhook_deliveries.webhook_id = %(webhook_id)s::VARCHAR
AND webhook_deliveries.due_at IS NOT NULL;

-- webhook_deliveries.list
SELECT webhook_deliveries.webhook_id, webhook_deliveries.event_id, webhook_deliveries.workspace_id,
    webhook_deliveries.position, webhook_deliveries.event_type, webhook_deliveries.status,
    webhook_deliveries.attempts, webhook_deliveries.tries, webhook_deliveries.created_at,
    webhook_deliveries.due_at, webhook_deliveries.settled_at
FROM webhook_deliveries
WHERE webhook_deliveries.webhook_id = %(webhook_id)s::VARCHAR
AND webhook_deliveries.position <= %(position)s::BIGINT
ORDER BY webhook_deliveries.position DESC
LIMIT %(limit)s;

-- webhook_deliveries.next
SELECT min(webhook_deliveries.due_at) AS min_1
FROM webhook_deliveries
WHERE webhook_deliveries.webhook_id = %(webhook_id)s::VARCHAR
AND webhook_deliveries.due_at IS NOT NULL;

-- webhook_deliveries.queue
INSERT INTO webhook_deliveries (webhook_id, event_id, workspace_id, position, event_type, status, attempts,
    tries, created_at, due_at) SELECT webhooks.webhook_id, events.event_id, events.workspace_id,
    events.position, events.event_type, 'pending' AS anon_1, '[]' AS anon_2, 0 AS anon_3, events.created_at,
    %(now)s::BIGINT AS anon_4
FROM events
JOIN webhooks ON webhooks.workspace_id = events.workspace_id
WHERE events.event_id = %(event_id)s::VARCHAR
AND webhooks.webhook_id IN (SELECT jsonb_array_elements_text(CAST(%(webhook_ids)s::VARCHAR AS jsonb)));

-- webhook_deliveries.queue_again
UPDATE webhook_deliveries
SET status='pending', tries=0, due_at=%(now)s::BIGINT, settled_at=NULL
WHERE webhook_deliveries.webhook_id = %(webhook_id)s::VARCHAR
AND webhook_deliveries.event_id IN (SELECT jsonb_array_elements_text(CAST(%(event_ids)s::VARCHAR AS jsonb)));

-- webhook_deliveries.queue_missing
INSERT INTO webhook_deliveries (webhook_id, event_id, workspace_id, position, event_type, status, attempts,
    tries, created_at, due_at) SELECT webhooks.webhook_id, events.event_id, events.workspace_id,
    events.position, events.event_type, 'pending' AS anon_1, '[]' AS anon_2, 0 AS anon_3, events.created_at,
    %(now)s::BIGINT AS anon_4
FROM events
JOIN webhooks ON webhooks.workspace_id = events.workspace_id
WHERE events.event_id IN (SELECT jsonb_array_elements_text(CAST(%(event_ids)s::VARCHAR AS jsonb)))
AND webhooks.webhook_id = %(webhook_id)s::VARCHAR
AND NOT (EXISTS (SELECT 1 AS anon_5 FROM webhook_deliveries WHERE webhook_deliveries.webhook_id =
    %(webhook_id)s::VARCHAR AND webhook_deliveries.event_id = events.event_id));

-- webhook_deliveries.remove_old
DELETE
FROM webhook_deliveries
WHERE (webhook_deliveries.webhook_id, webhook_deliveries.event_id) IN (SELECT webhook_deliveries.webhook_id,
    webhook_deliveries.event_id FROM webhook_deliveries WHERE webhook_deliveries.workspace_id =
    %(ws)s::VARCHAR AND webhook_deliveries.settled_at IS NOT NULL AND webhook_deliveries.settled_at <
    %(before)s::BIGINT ORDER BY webhook_deliveries.settled_at LIMIT %(limit)s);

-- webhook_deliveries.settle
UPDATE webhook_deliveries
SET status=%(status)s::VARCHAR, attempts=%(attempts)s::VARCHAR, tries=%(tries)s::BIGINT,
    due_at=%(due_at)s::BIGINT, settled_at=%(settled_at)s::BIGINT
WHERE webhook_deliveries.webhook_id = %(webhook_id)s::VARCHAR
AND webhook_deliveries.event_id = %(event_id)s::VARCHAR
AND webhook_deliveries.due_at IS NOT DISTINCT
FROM %(was_due)s::BIGINT
AND webhook_deliveries.tries = %(was_tries)s::BIGINT;

-- webhook_lines.claim
UPDATE webhook_lines
SET lease=%(token)s::VARCHAR, leased_until=%(until)s::BIGINT
WHERE webhook_lines.webhook_id = %(id)s::VARCHAR
AND webhook_lines.leased_until <= %(now)s::BIGINT;

-- webhook_lines.free_all
UPDATE webhook_lines
SET lease=NULL, leased_until=0;

-- webhook_lines.get
SELECT webhook_lines.webhook_id, webhook_lines.failures, webhook_lines.failing_since,
    webhook_lines.succeeded_at, webhook_lines.failed_at, webhook_lines.rests_until
FROM webhook_lines
WHERE webhook_lines.webhook_id = %(id)s::VARCHAR;

-- webhook_lines.insert
INSERT INTO webhook_lines (webhook_id, failures, failing_since, succeeded_at, failed_at, rests_until,
    leased_until)
VALUES (%(webhook_id)s::VARCHAR, %(failures)s::BIGINT, %(failing_since)s::BIGINT, %(succeeded_at)s::BIGINT,
    %(failed_at)s::BIGINT, %(rests_until)s::BIGINT, %(leased_until)s::BIGINT);

-- webhook_lines.release
UPDATE webhook_lines
SET lease=NULL, leased_until=0
WHERE webhook_lines.webhook_id = %(id)s::VARCHAR
AND webhook_lines.lease = %(token)s::VARCHAR;

-- webhook_lines.renew
UPDATE webhook_lines
SET leased_until=%(until)s::BIGINT
WHERE webhook_lines.webhook_id = %(id)s::VARCHAR
AND webhook_lines.lease = %(token)s::VARCHAR;

-- webhook_lines.update
UPDATE webhook_lines
SET failures=%(failures)s::BIGINT, failing_since=%(failing_since)s::BIGINT,
    succeeded_at=%(succeeded_at)s::BIGINT, failed_at=%(failed_at)s::BIGINT,
    rests_until=%(rests_until)s::BIGINT
WHERE webhook_lines.webhook_id = %(the_key)s::VARCHAR;

-- webhook_lines.waiting
SELECT anon_1.webhook_id, anon_1.leased_until, anon_1.first_due, anon_1.rests_until, anon_1.clock_offset_ms,
    anon_1.clock_frozen_at
FROM (SELECT webhook_lines.webhook_id AS webhook_id, webhook_lines.leased_until AS leased_until, (SELECT
    min(webhook_deliveries.due_at) AS min_1 FROM webhook_deliveries WHERE webhook_deliveries.webhook_id =
    webhook_lines.webhook_id AND webhook_deliveries.due_at IS NOT NULL) AS first_due,
    webhook_lines.rests_until AS rests_until, workspaces.clock_offset_ms AS clock_offset_ms,
    workspaces.clock_frozen_at AS clock_frozen_at FROM webhook_lines JOIN webhooks ON webhook_lines.webhook_id
    = webhooks.webhook_id JOIN workspaces ON workspaces.workspace_id = webhooks.workspace_id) AS anon_1
WHERE anon_1.first_due IS NOT NULL;

-- webhooks.delete
DELETE
FROM webhooks
WHERE webhooks.webhook_id = %(id)s::VARCHAR
AND webhooks.workspace_id = %(ws)s::VARCHAR;

-- webhooks.find
SELECT webhooks.webhook_id, webhooks.workspace_id, webhooks.url, webhooks.event_types, webhooks.secret,
    webhooks.old_secret, webhooks.old_secret_ends_at, webhooks.created_at, webhooks.disabled_at
FROM webhooks
WHERE webhooks.webhook_id = %(id)s::VARCHAR;

-- webhooks.get
SELECT webhooks.webhook_id, webhooks.workspace_id, webhooks.url, webhooks.event_types, webhooks.secret,
    webhooks.old_secret, webhooks.old_secret_ends_at, webhooks.created_at, webhooks.disabled_at
FROM webhooks
WHERE webhooks.webhook_id = %(id)s::VARCHAR
AND webhooks.workspace_id = %(ws)s::VARCHAR;

-- webhooks.insert
INSERT INTO webhooks (webhook_id, workspace_id, url, event_types, secret, old_secret, old_secret_ends_at,
    created_at, disabled_at)
VALUES (%(webhook_id)s::VARCHAR, %(workspace_id)s::VARCHAR, %(url)s::VARCHAR, %(event_types)s::VARCHAR,
    %(secret)s, %(old_secret)s, %(old_secret_ends_at)s::BIGINT, %(created_at)s::BIGINT,
    %(disabled_at)s::BIGINT);

-- webhooks.list
SELECT webhooks.webhook_id, webhooks.workspace_id, webhooks.url, webhooks.event_types, webhooks.secret,
    webhooks.old_secret, webhooks.old_secret_ends_at, webhooks.created_at, webhooks.disabled_at
FROM webhooks
WHERE webhooks.workspace_id = %(ws)s::VARCHAR
ORDER BY webhooks.created_at, webhooks.webhook_id;

-- webhooks.of_workspace
SELECT webhooks.webhook_id, webhooks.workspace_id, webhooks.url, webhooks.event_types, webhooks.secret,
    webhooks.old_secret, webhooks.old_secret_ends_at, webhooks.created_at, webhooks.disabled_at
FROM webhooks
WHERE webhooks.workspace_id = %(ws)s::VARCHAR
AND webhooks.disabled_at IS NULL;

-- webhooks.update
UPDATE webhooks
SET workspace_id=%(workspace_id)s::VARCHAR, url=%(url)s::VARCHAR, event_types=%(event_types)s::VARCHAR,
    secret=%(secret)s, old_secret=%(old_secret)s, old_secret_ends_at=%(old_secret_ends_at)s::BIGINT,
    created_at=%(created_at)s::BIGINT, disabled_at=%(disabled_at)s::BIGINT
WHERE webhooks.webhook_id = %(the_key)s::VARCHAR;

-- webhooks.waited_for
SELECT webhooks.webhook_id, webhooks.workspace_id, webhooks.url, webhooks.event_types, webhooks.secret,
    webhooks.old_secret, webhooks.old_secret_ends_at, webhooks.created_at, webhooks.disabled_at
FROM webhooks
JOIN webhook_lines ON webhook_lines.webhook_id = webhooks.webhook_id
JOIN webhook_deliveries ON webhook_deliveries.webhook_id = webhooks.webhook_id
WHERE webhooks.webhook_id = %(webhook_id)s::VARCHAR
AND webhooks.disabled_at IS NULL
AND webhook_lines.lease = %(token)s::VARCHAR
AND webhook_deliveries.event_id = %(event_id)s::VARCHAR
AND webhook_deliveries.due_at IS NOT DISTINCT
FROM %(was_due)s::BIGINT
AND webhook_deliveries.tries = %(was_tries)s::BIGINT;

-- workspaces.by_api_key
SELECT workspaces.workspace_id, workspaces.name, workspaces.is_sandbox, workspaces.clock_offset_ms,
    workspaces.clock_frozen_at, workspaces.created_at, workspaces.company_name,
    workspaces.connect_partner_name, workspaces.is_publishable_key_auth_enabled, api_keys.api_key_id,
    api_keys.name AS key_name
FROM api_keys
JOIN workspaces ON api_keys.workspace_id = workspaces.workspace_id
WHERE api_keys.token_hash = %(hash)s::VARCHAR
AND api_keys.revoked_at IS NULL
AND api_keys.kind = %(kind)s::VARCHAR;

-- workspaces.find
SELECT workspaces.workspace_id, workspaces.name, workspaces.is_sandbox, workspaces.clock_offset_ms,
    workspaces.clock_frozen_at, workspaces.created_at, workspaces.company_name,
    workspaces.connect_partner_name, workspaces.is_publishable_key_auth_enabled
FROM workspaces
WHERE workspaces.workspace_id = %(text)s::VARCHAR OR workspaces.name = %(text)s::VARCHAR;

-- workspaces.get
SELECT workspaces.workspace_id, workspaces.name, workspaces.is_sandbox, workspaces.clock_offset_ms,
    workspaces.clock_frozen_at, workspaces.created_at, workspaces.company_name,
    workspaces.connect_partner_name, workspaces.is_publishable_key_auth_enabled
FROM workspaces
WHERE workspaces.workspace_id = %(ws)s::VARCHAR;

-- workspaces.insert
INSERT INTO workspaces (workspace_id, name, is_sandbox, clock_offset_ms, clock_frozen_at, created_at,
    company_name, connect_partner_name, is_publishable_key_auth_enabled)
VALUES (%(workspace_id)s::VARCHAR, %(name)s::VARCHAR, %(is_sandbox)s::INTEGER, %(clock_offset_ms)s::BIGINT,
    %(clock_frozen_at)s::BIGINT, %(created_at)s::BIGINT, %(company_name)s::VARCHAR,
    %(connect_partner_name)s::VARCHAR, %(is_publishable_key_auth_enabled)s::INTEGER);

-- workspaces.list
SELECT workspaces.workspace_id, workspaces.name, workspaces.is_sandbox, workspaces.clock_offset_ms,
    workspaces.clock_frozen_at, workspaces.created_at, workspaces.company_name,
    workspaces.connect_partner_name, workspaces.is_publishable_key_auth_enabled
FROM workspaces
ORDER BY workspaces.created_at, workspaces.workspace_id;

-- workspaces.set_clock
UPDATE workspaces
SET clock_offset_ms=%(offset)s::BIGINT, clock_frozen_at=%(frozen)s::BIGINT
WHERE workspaces.workspace_id = %(ws)s::VARCHAR;

-- workspaces.tell_publishable
UPDATE workspaces
SET is_publishable_key_auth_enabled=CASE WHEN (EXISTS (SELECT * FROM api_keys WHERE api_keys.workspace_id =
    workspaces.workspace_id AND api_keys.kind = 'publishable_key' AND api_keys.revoked_at IS NULL)) THEN 1
    ELSE 0 END;
