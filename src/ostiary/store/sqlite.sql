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
WHERE access_codes.workspace_id = :ws
AND access_codes.common_code_key = :key
AND access_codes.gone_at IS NULL
ORDER BY access_codes.created_at, access_codes.access_code_id
LIMIT 1 OFFSET 0;

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
WHERE access_codes.workspace_id = :ws
AND access_codes.common_code_key = :key
AND access_codes.gone_at IS NULL
AND access_codes.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY access_codes.created_at, access_codes.access_code_id
LIMIT 1 OFFSET 0;

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
WHERE access_codes.access_code_id IN (SELECT value FROM json_each(:ids))
AND access_codes.workspace_id = :ws;

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
WHERE access_codes.access_code_id IN (SELECT value FROM json_each(:ids))
AND access_codes.workspace_id = :ws
AND access_codes.connected_account_id IN (SELECT value FROM json_each(:reach_accounts));

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
WHERE access_codes.device_id = :device
AND access_codes.code_hash = :hash
AND access_codes.gone_at IS NULL;

-- access_codes.ever_sent
SELECT access_codes.access_code_id
FROM access_codes
WHERE access_codes.device_id = :device
AND access_codes.was_sent = 1
LIMIT 1 OFFSET 0;

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
WHERE access_codes.access_code_id = :id
AND access_codes.workspace_id = :ws
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
WHERE access_codes.access_code_id = :id;

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
WHERE access_codes.access_code_id = :id
AND access_codes.workspace_id = :ws
AND access_codes.gone_at IS NULL
AND (access_codes.is_backup = 0 OR access_codes.pulled_at IS NOT NULL)
AND access_codes.connected_account_id IN (SELECT value FROM json_each(:reach_accounts));

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
WHERE access_codes.device_id = :device
AND access_codes.mark IN (SELECT value FROM json_each(:marks))
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
VALUES (:access_code_id, :workspace_id, :connected_account_id, :device_id, :mark, :name, :code, :code_hash,
    :starts_at, :ends_at, :is_external_modification_allowed, :prefer_native_scheduling,
    :attempt_for_offline_device, :common_code_key, :generation, :created_at, :wished_at, :delete_requested_at,
    :was_sent, :vendor_code_id, :vendor_name, :confirmed_at, :confirmed_name, :confirmed_code,
    :confirmed_code_hash, :confirmed_starts_at, :confirmed_ends_at, :confirmed_generation, :announced,
    :gone_at, :attempts, :retry_at, :refused_generation, :is_code_from_vendor, :waits_for_room, :errors,
    :warnings, :conversion, :released_at, :weekly_window, :confirmed_weekly_window, :is_backup, :pulled_at,
    :pulled_for, :pulled_backup_access_code_id, :seen_as, :drift, :undone, :undone_at);

-- access_codes.insert_usual
INSERT INTO access_codes (access_code_id, workspace_id, connected_account_id, device_id, mark, name, code,
    code_hash, starts_at, ends_at, is_external_modification_allowed, prefer_native_scheduling,
    attempt_for_offline_device, common_code_key, generation, created_at, wished_at, delete_requested_at,
    was_sent, vendor_code_id, vendor_name, confirmed_at, confirmed_name, confirmed_code, confirmed_code_hash,
    confirmed_starts_at, confirmed_ends_at, confirmed_generation, announced, gone_at, attempts, retry_at,
    refused_generation, is_code_from_vendor, waits_for_room, errors, warnings, conversion, released_at,
    weekly_window, confirmed_weekly_window, is_backup, pulled_at, pulled_for, pulled_backup_access_code_id,
    seen_as, drift, undone, undone_at)
VALUES (:access_code_id, :workspace_id, :connected_account_id, :device_id, :mark, :name, :code, :code_hash,
    :starts_at, :ends_at, :is_external_modification_allowed, :prefer_native_scheduling,
    :attempt_for_offline_device, :common_code_key, :generation, :created_at, :wished_at, NULL, 0, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, 0, 'none', NULL, 0, NULL, NULL, 0, 0, '[]', '[]', 'none', NULL,
    :weekly_window, NULL, 0, NULL, NULL, NULL, NULL, 'none', 0, NULL);

-- access_codes.is_pin_known
SELECT access_codes.access_code_id
FROM access_codes
WHERE access_codes.device_id = :device
AND access_codes.code_hash = :hash
AND access_codes.gone_at IS NULL
UNION ALL SELECT access_codes.access_code_id
FROM access_codes
WHERE access_codes.device_id = :device
AND access_codes.confirmed_code_hash = :hash
AND access_codes.gone_at IS NULL
UNION ALL SELECT unmanaged_access_codes.access_code_id
FROM unmanaged_access_codes
WHERE unmanaged_access_codes.device_id = :device
AND unmanaged_access_codes.code_hash = :hash
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
WHERE access_codes.workspace_id = :ws
AND access_codes.device_id = :device
AND access_codes.gone_at IS NULL
AND (access_codes.is_backup = 0 OR access_codes.pulled_at IS NOT NULL)
AND access_codes.created_at >= :from_at
AND (access_codes.created_at > :from_at OR access_codes.created_at = :from_at AND access_codes.access_code_id
    >= :from_id)
ORDER BY access_codes.created_at, access_codes.access_code_id
LIMIT :limit OFFSET 0;

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
WHERE access_codes.workspace_id = :ws
AND access_codes.gone_at IS NULL
AND (access_codes.is_backup = 0 OR access_codes.pulled_at IS NOT NULL)
AND access_codes.created_at >= :from_at
AND (access_codes.created_at > :from_at OR access_codes.created_at = :from_at AND access_codes.access_code_id
    >= :from_id)
ORDER BY access_codes.created_at, access_codes.access_code_id
LIMIT :limit OFFSET 0;

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
WHERE access_codes.workspace_id = :ws
AND access_codes.gone_at IS NULL
AND (access_codes.is_backup = 0 OR access_codes.pulled_at IS NOT NULL)
AND access_codes.created_at >= :from_at
AND (access_codes.created_at > :from_at OR access_codes.created_at = :from_at AND access_codes.access_code_id
    >= :from_id)
AND access_codes.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY access_codes.created_at, access_codes.access_code_id
LIMIT :limit OFFSET 0;

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
WHERE access_codes.workspace_id = :ws
AND access_codes.device_id = :device
AND access_codes.gone_at IS NULL
AND (access_codes.is_backup = 0 OR access_codes.pulled_at IS NOT NULL)
AND access_codes.created_at >= :from_at
AND (access_codes.created_at > :from_at OR access_codes.created_at = :from_at AND access_codes.access_code_id
    >= :from_id)
AND access_codes.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY access_codes.created_at, access_codes.access_code_id
LIMIT :limit OFFSET 0;

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
WHERE access_codes.device_id = :device
AND access_codes.gone_at IS NULL
ORDER BY access_codes.created_at;

-- access_codes.still_shown
SELECT access_codes.access_code_id
FROM access_codes
WHERE access_codes.device_id = :device
AND access_codes.confirmed_code_hash = :hash
AND access_codes.access_code_id != :id
AND access_codes.gone_at IS NULL
LIMIT 1 OFFSET 0;

-- access_codes.update
UPDATE access_codes
SET workspace_id=:workspace_id, connected_account_id=:connected_account_id, device_id=:device_id, mark=:mark,
    name=:name, code=:code, code_hash=:code_hash, starts_at=:starts_at, ends_at=:ends_at,
    is_external_modification_allowed=:is_external_modification_allowed,
    prefer_native_scheduling=:prefer_native_scheduling,
    attempt_for_offline_device=:attempt_for_offline_device, common_code_key=:common_code_key,
    generation=:generation, created_at=:created_at, wished_at=:wished_at,
    delete_requested_at=:delete_requested_at, was_sent=:was_sent, vendor_code_id=:vendor_code_id,
    vendor_name=:vendor_name, confirmed_at=:confirmed_at, confirmed_name=:confirmed_name,
    confirmed_code=:confirmed_code, confirmed_code_hash=:confirmed_code_hash,
    confirmed_starts_at=:confirmed_starts_at, confirmed_ends_at=:confirmed_ends_at,
    confirmed_generation=:confirmed_generation, announced=:announced, gone_at=:gone_at, attempts=:attempts,
    retry_at=:retry_at, refused_generation=:refused_generation, is_code_from_vendor=:is_code_from_vendor,
    waits_for_room=:waits_for_room, errors=:errors, warnings=:warnings, conversion=:conversion,
    released_at=:released_at, weekly_window=:weekly_window, confirmed_weekly_window=:confirmed_weekly_window,
    is_backup=:is_backup, pulled_at=:pulled_at, pulled_for=:pulled_for,
    pulled_backup_access_code_id=:pulled_backup_access_code_id, seen_as=:seen_as, drift=:drift,
    undone=:undone, undone_at=:undone_at
WHERE access_codes.access_code_id = :the_key;

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
WHERE access_codes.workspace_id = :ws
AND access_codes.common_code_key = :key
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
WHERE access_codes.workspace_id = :ws
AND access_codes.common_code_key = :key
AND access_codes.gone_at IS NULL
AND access_codes.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY access_codes.created_at, access_codes.access_code_id;

-- action_attempts.door
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.device_id = :device
AND action_attempts.status = 'pending'
AND action_attempts.deadline_at IS NOT NULL
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id;

-- action_attempts.doors
SELECT devices.device_id, devices.due_at
FROM devices
WHERE devices.connected_account_id = :account
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
WHERE action_attempts.action_attempt_id = :id
AND action_attempts.workspace_id = :ws;

-- action_attempts.get_within
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.action_attempt_id = :id
AND action_attempts.workspace_id = :ws
AND action_attempts.connected_account_id IN (SELECT value FROM json_each(:reach_accounts));

-- action_attempts.give_up_code
UPDATE action_attempts
SET status='error', error=:why, settled_at=:now
WHERE action_attempts.access_code_id = :code
AND action_attempts.status = 'pending'
AND action_attempts.access_code_id IS NOT NULL;

-- action_attempts.history
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.device_id = :device
AND action_attempts.deadline_at IS NOT NULL
AND action_attempts.created_at >= :since
ORDER BY action_attempts.created_at;

-- action_attempts.insert
INSERT INTO action_attempts (action_attempt_id, workspace_id, connected_account_id, device_id, access_code_id,
    action_type, status, result, error, generation, created_at, deadline_at, sent_at, settled_at,
    vendor_entry_id)
VALUES (:action_attempt_id, :workspace_id, :connected_account_id, :device_id, :access_code_id, :action_type,
    :status, :result, :error, :generation, :created_at, :deadline_at, :sent_at, :settled_at, :vendor_entry_id);

-- action_attempts.list
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.workspace_id = :ws
AND action_attempts.created_at >= :from_at
AND (action_attempts.created_at > :from_at OR action_attempts.created_at = :from_at AND
    action_attempts.action_attempt_id >= :from_id)
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id
LIMIT :limit OFFSET 0;

-- action_attempts.list_device
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.workspace_id = :ws
AND action_attempts.device_id = :device
AND action_attempts.created_at >= :from_at
AND (action_attempts.created_at > :from_at OR action_attempts.created_at = :from_at AND
    action_attempts.action_attempt_id >= :from_id)
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id
LIMIT :limit OFFSET 0;

-- action_attempts.list_device_within
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.workspace_id = :ws
AND action_attempts.device_id = :device
AND action_attempts.created_at >= :from_at
AND (action_attempts.created_at > :from_at OR action_attempts.created_at = :from_at AND
    action_attempts.action_attempt_id >= :from_id)
AND action_attempts.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id
LIMIT :limit OFFSET 0;

-- action_attempts.list_ids
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.workspace_id = :ws
AND action_attempts.action_attempt_id IN (SELECT value FROM json_each(:ids))
AND action_attempts.created_at >= :from_at
AND (action_attempts.created_at > :from_at OR action_attempts.created_at = :from_at AND
    action_attempts.action_attempt_id >= :from_id)
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id
LIMIT :limit OFFSET 0;

-- action_attempts.list_ids_within
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.workspace_id = :ws
AND action_attempts.action_attempt_id IN (SELECT value FROM json_each(:ids))
AND action_attempts.created_at >= :from_at
AND (action_attempts.created_at > :from_at OR action_attempts.created_at = :from_at AND
    action_attempts.action_attempt_id >= :from_id)
AND action_attempts.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id
LIMIT :limit OFFSET 0;

-- action_attempts.list_within
SELECT action_attempts.action_attempt_id, action_attempts.workspace_id, action_attempts.connected_account_id,
    action_attempts.device_id, action_attempts.access_code_id, action_attempts.action_type,
    action_attempts.status, action_attempts.result, action_attempts.error, action_attempts.generation,
    action_attempts.created_at, action_attempts.deadline_at, action_attempts.sent_at,
    action_attempts.settled_at, action_attempts.vendor_entry_id
FROM action_attempts
WHERE action_attempts.workspace_id = :ws
AND action_attempts.created_at >= :from_at
AND (action_attempts.created_at > :from_at OR action_attempts.created_at = :from_at AND
    action_attempts.action_attempt_id >= :from_id)
AND action_attempts.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY action_attempts.created_at, action_attempts.action_attempt_id
LIMIT :limit OFFSET 0;

-- action_attempts.settle_code
UPDATE action_attempts
SET status='success', result='{}', settled_at=:now
WHERE action_attempts.access_code_id = :code
AND action_attempts.status = 'pending'
AND action_attempts.access_code_id IS NOT NULL
AND action_attempts.action_type IN (SELECT value FROM json_each(:types))
AND action_attempts.generation <= :gen;

-- action_attempts.update
UPDATE action_attempts
SET workspace_id=:workspace_id, connected_account_id=:connected_account_id, device_id=:device_id,
    access_code_id=:access_code_id, action_type=:action_type, status=:status, result=:result, error=:error,
    generation=:generation, created_at=:created_at, deadline_at=:deadline_at, sent_at=:sent_at,
    settled_at=:settled_at, vendor_entry_id=:vendor_entry_id
WHERE action_attempts.action_attempt_id = :the_key;

-- api_keys.insert
INSERT INTO api_keys (api_key_id, workspace_id, kind, name, shown_prefix, token_hash, created_at, revoked_at)
VALUES (:api_key_id, :workspace_id, :kind, :name, :shown_prefix, :token_hash, :created_at, :revoked_at);

-- api_keys.list
SELECT api_keys.api_key_id, api_keys.workspace_id, api_keys.kind, api_keys.name, api_keys.shown_prefix,
    api_keys.token_hash, api_keys.created_at, api_keys.revoked_at
FROM api_keys
ORDER BY api_keys.created_at;

-- api_keys.personal
SELECT api_keys.api_key_id, api_keys.name
FROM api_keys
WHERE api_keys.token_hash = :hash
AND api_keys.revoked_at IS NULL
AND api_keys.kind = 'personal_access_token';

-- api_keys.revoke
UPDATE api_keys
SET revoked_at=:now
WHERE (api_keys.api_key_id = :text OR api_keys.shown_prefix = :text)
AND api_keys.revoked_at IS NULL;

-- client_session_accounts.add
INSERT INTO client_session_accounts (client_session_id, connected_account_id) SELECT
    client_sessions.client_session_id, :account AS anon_1
FROM client_sessions
WHERE client_sessions.client_session_id = :id
AND NOT (EXISTS (SELECT * FROM client_session_accounts WHERE client_session_accounts.client_session_id =
    client_sessions.client_session_id AND client_session_accounts.connected_account_id = :account));

-- client_session_accounts.follow
INSERT INTO client_session_accounts (client_session_id, connected_account_id) SELECT
    client_session_webviews.client_session_id, :account AS anon_1
FROM client_session_webviews
WHERE client_session_webviews.connect_webview_id = :webview
AND NOT (EXISTS (SELECT * FROM client_session_accounts WHERE client_session_accounts.client_session_id =
    client_session_webviews.client_session_id AND client_session_accounts.connected_account_id = :account));

-- client_session_webviews.add
INSERT INTO client_session_webviews (client_session_id, connect_webview_id) SELECT
    client_sessions.client_session_id, :webview AS anon_1
FROM client_sessions
WHERE client_sessions.client_session_id = :id
AND NOT (EXISTS (SELECT * FROM client_session_webviews WHERE client_session_webviews.client_session_id =
    client_sessions.client_session_id AND client_session_webviews.connect_webview_id = :webview));

-- client_sessions.by_key
SELECT client_sessions.client_session_id, client_sessions.workspace_id, client_sessions.token,
    client_sessions.user_identifier_key, client_sessions.customer_key, client_sessions.expires_at,
    client_sessions.revoked_at, client_sessions.created_at
FROM client_sessions
WHERE client_sessions.workspace_id = :ws
AND client_sessions.user_identifier_key = :key
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
WHERE client_sessions.token_hash = :hash;

-- client_sessions.count_devices
SELECT client_session_accounts.client_session_id, count(*) AS count_1
FROM client_session_accounts
JOIN devices ON devices.connected_account_id = client_session_accounts.connected_account_id
WHERE client_session_accounts.client_session_id IN (SELECT value FROM json_each(:ids))
AND devices.is_managed = 1 GROUP BY client_session_accounts.client_session_id;

-- client_sessions.delete
DELETE
FROM client_sessions
WHERE client_sessions.client_session_id = :id
AND client_sessions.workspace_id = :ws;

-- client_sessions.get
SELECT client_sessions.client_session_id, client_sessions.workspace_id, client_sessions.token,
    client_sessions.user_identifier_key, client_sessions.customer_key, client_sessions.expires_at,
    client_sessions.revoked_at, client_sessions.created_at
FROM client_sessions
WHERE client_sessions.client_session_id = :id
AND client_sessions.workspace_id = :ws;

-- client_sessions.insert
INSERT INTO client_sessions (client_session_id, workspace_id, token, token_hash, user_identifier_key,
    customer_key, expires_at, revoked_at, created_at)
VALUES (:client_session_id, :workspace_id, :token, :token_hash, :user_identifier_key, :customer_key,
    :expires_at, :revoked_at, :created_at);

-- client_sessions.list
SELECT client_sessions.client_session_id, client_sessions.workspace_id, client_sessions.token,
    client_sessions.user_identifier_key, client_sessions.customer_key, client_sessions.expires_at,
    client_sessions.revoked_at, client_sessions.created_at
FROM client_sessions
WHERE client_sessions.workspace_id = :ws
AND (:in_id IS NULL OR client_sessions.client_session_id = :in_id)
AND (:in_key IS NULL OR client_sessions.user_identifier_key = :in_key)
AND (:in_webview IS NULL OR (EXISTS (SELECT * FROM client_session_webviews WHERE
    client_session_webviews.client_session_id = client_sessions.client_session_id AND
    client_session_webviews.connect_webview_id = :in_webview)))
AND (0 = :keyless OR client_sessions.user_identifier_key IS NULL)
ORDER BY client_sessions.created_at, client_sessions.client_session_id;

-- client_sessions.reach
SELECT client_session_accounts.client_session_id, client_session_accounts.connected_account_id, 1 AS anon_1
FROM client_session_accounts
WHERE client_session_accounts.client_session_id IN (SELECT value FROM json_each(:ids))
UNION ALL SELECT client_session_webviews.client_session_id, client_session_webviews.connect_webview_id, 0 AS
    anon_2
FROM client_session_webviews
WHERE client_session_webviews.client_session_id IN (SELECT value FROM json_each(:ids));

-- client_sessions.revoke
UPDATE client_sessions
SET revoked_at=:now
WHERE client_sessions.client_session_id = :id
AND client_sessions.revoked_at IS NULL;

-- client_sessions.set_expiry
UPDATE client_sessions
SET expires_at=:at
WHERE client_sessions.client_session_id = :id;

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
WHERE connect_webviews.login_state_hash = :hash;

-- connect_webviews.delete
DELETE
FROM connect_webviews
WHERE connect_webviews.connect_webview_id = :id
AND connect_webviews.workspace_id = :ws;

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
WHERE connect_webviews.connect_webview_id = :id
AND connect_webviews.workspace_id = :ws;

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
WHERE connect_webviews.connect_webview_id = :id
AND connect_webviews.workspace_id = :ws
AND connect_webviews.connect_webview_id IN (SELECT value FROM json_each(:reach_webviews));

-- connect_webviews.insert
INSERT INTO connect_webviews (connect_webview_id, workspace_id, auth_token, auth_token_hash, status,
    connected_account_id, selected_provider, accepted_providers, accepted_capabilities, any_provider_allowed,
    device_selection_mode, custom_redirect_url, custom_redirect_failure_url, custom_metadata, customer_key,
    automatically_manage_new_devices, wait_for_device_creation, login_state_hash, login_verifier,
    pending_login, authorized_at, expires_at, created_at)
VALUES (:connect_webview_id, :workspace_id, :auth_token, :auth_token_hash, :status, :connected_account_id,
    :selected_provider, :accepted_providers, :accepted_capabilities, :any_provider_allowed,
    :device_selection_mode, :custom_redirect_url, :custom_redirect_failure_url, :custom_metadata,
    :customer_key, :automatically_manage_new_devices, :wait_for_device_creation, :login_state_hash,
    :login_verifier, :pending_login, :authorized_at, :expires_at, :created_at);

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
WHERE connect_webviews.workspace_id = :ws
AND connect_webviews.created_at >= :from_at
AND (connect_webviews.created_at > :from_at OR connect_webviews.created_at = :from_at AND
    connect_webviews.connect_webview_id >= :from_id)
ORDER BY connect_webviews.created_at, connect_webviews.connect_webview_id
LIMIT :limit OFFSET 0;

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
WHERE connect_webviews.workspace_id = :ws
AND connect_webviews.created_at >= :from_at
AND (connect_webviews.created_at > :from_at OR connect_webviews.created_at = :from_at AND
    connect_webviews.connect_webview_id >= :from_id)
AND connect_webviews.connect_webview_id IN (SELECT value FROM json_each(:reach_webviews))
ORDER BY connect_webviews.created_at, connect_webviews.connect_webview_id
LIMIT :limit OFFSET 0;

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
WHERE connect_webviews.connect_webview_id = :id
AND connect_webviews.auth_token_hash = :hash;

-- connect_webviews.update
UPDATE connect_webviews
SET workspace_id=:workspace_id, auth_token=:auth_token, status=:status,
    connected_account_id=:connected_account_id, selected_provider=:selected_provider,
    accepted_providers=:accepted_providers, accepted_capabilities=:accepted_capabilities,
    any_provider_allowed=:any_provider_allowed, device_selection_mode=:device_selection_mode,
    custom_redirect_url=:custom_redirect_url, custom_redirect_failure_url=:custom_redirect_failure_url,
    custom_metadata=:custom_metadata, customer_key=:customer_key,
    automatically_manage_new_devices=:automatically_manage_new_devices,
    wait_for_device_creation=:wait_for_device_creation, login_state_hash=:login_state_hash,
    login_verifier=:login_verifier, pending_login=:pending_login, authorized_at=:authorized_at,
    expires_at=:expires_at, created_at=:created_at
WHERE connect_webviews.connect_webview_id = :the_key;

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
WHERE connected_accounts.workspace_id = :ws
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
WHERE connected_accounts.workspace_id = :ws
AND connected_accounts.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
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
WHERE connected_accounts.notices_hash = :hash;

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
WHERE connected_accounts.workspace_id = :ws
AND connected_accounts.provider = :provider
AND connected_accounts.vendor_account_id = :vendor;

-- connected_accounts.claim
UPDATE connected_accounts
SET due_at=:until, lease=:token, leased_until=:until
WHERE connected_accounts.connected_account_id = :id
AND connected_accounts.leased_until <= :now;

-- connected_accounts.delete
DELETE
FROM connected_accounts
WHERE connected_accounts.connected_account_id = :id;

-- connected_accounts.due
SELECT connected_accounts.connected_account_id
FROM connected_accounts
WHERE connected_accounts.due_at <= :now
AND connected_accounts.leased_until <= :now
ORDER BY connected_accounts.due_at
LIMIT :limit OFFSET 0;

-- connected_accounts.free_all
UPDATE connected_accounts
SET due_at=:now, lease=NULL, leased_until=0
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
WHERE connected_accounts.connected_account_id = :id
AND connected_accounts.workspace_id = :ws;

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
WHERE connected_accounts.connected_account_id = :id;

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
WHERE connected_accounts.connected_account_id = :id
AND connected_accounts.workspace_id = :ws
AND connected_accounts.connected_account_id IN (SELECT value FROM json_each(:reach_accounts));

-- connected_accounts.held
SELECT connected_accounts.connected_at
FROM connected_accounts
WHERE connected_accounts.connected_account_id = :id
AND connected_accounts.lease = :token
AND connected_accounts.leased_until >= :until;

-- connected_accounts.insert
INSERT INTO connected_accounts (connected_account_id, workspace_id, provider, vendor_account_id, display_name,
    user_identifier, accepted_capabilities, automatically_manage_new_devices, custom_metadata, customer_key,
    errors, warnings, settings, access_token, refresh_token, activations, token_expires_at, created_at,
    connected_at, first_synced_at, poll_at, attempts, paused_until, notices_base, notices_hash, notices_id,
    notices_secret, notices_at, are_notices_refused, due_at, leased_until)
VALUES (:connected_account_id, :workspace_id, :provider, :vendor_account_id, :display_name, :user_identifier,
    :accepted_capabilities, :automatically_manage_new_devices, :custom_metadata, :customer_key, :errors,
    :warnings, :settings, :access_token, :refresh_token, :activations, :token_expires_at, :created_at,
    :connected_at, :first_synced_at, :poll_at, :attempts, :paused_until, :notices_base, :notices_hash,
    :notices_id, :notices_secret, :notices_at, :are_notices_refused, :due_at, :leased_until);

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
WHERE connected_accounts.workspace_id = :ws
AND connected_accounts.created_at >= :from_at
AND (connected_accounts.created_at > :from_at OR connected_accounts.created_at = :from_at AND
    connected_accounts.connected_account_id >= :from_id)
ORDER BY connected_accounts.created_at, connected_accounts.connected_account_id
LIMIT :limit OFFSET 0;

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
WHERE connected_accounts.workspace_id = :ws
AND connected_accounts.created_at >= :from_at
AND (connected_accounts.created_at > :from_at OR connected_accounts.created_at = :from_at AND
    connected_accounts.connected_account_id >= :from_id)
AND connected_accounts.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY connected_accounts.created_at, connected_accounts.connected_account_id
LIMIT :limit OFFSET 0;

-- connected_accounts.next_due
SELECT min(CASE WHEN (connected_accounts.leased_until > connected_accounts.due_at) THEN
    connected_accounts.leased_until ELSE connected_accounts.due_at END) AS min_1
FROM connected_accounts
WHERE connected_accounts.due_at IS NOT NULL;

-- connected_accounts.release
UPDATE connected_accounts
SET due_at=:due, lease=NULL, leased_until=0
WHERE connected_accounts.connected_account_id = :id
AND connected_accounts.lease = :token;

-- connected_accounts.renew
UPDATE connected_accounts
SET due_at=:until, leased_until=:until
WHERE connected_accounts.connected_account_id = :id
AND connected_accounts.lease = :token;

-- connected_accounts.update
UPDATE connected_accounts
SET workspace_id=:workspace_id, provider=:provider, vendor_account_id=:vendor_account_id,
    display_name=:display_name, user_identifier=:user_identifier,
    accepted_capabilities=:accepted_capabilities,
    automatically_manage_new_devices=:automatically_manage_new_devices, custom_metadata=:custom_metadata,
    customer_key=:customer_key, errors=:errors, warnings=:warnings, settings=:settings,
    access_token=:access_token, refresh_token=:refresh_token, activations=:activations,
    token_expires_at=:token_expires_at, created_at=:created_at, connected_at=:connected_at,
    first_synced_at=:first_synced_at, poll_at=:poll_at, attempts=:attempts, paused_until=:paused_until,
    notices_base=:notices_base, notices_hash=:notices_hash, notices_id=:notices_id,
    notices_secret=:notices_secret, notices_at=:notices_at, are_notices_refused=:are_notices_refused
WHERE connected_accounts.connected_account_id = :the_key;

-- connected_accounts.wake
UPDATE connected_accounts
SET due_at=:at
WHERE connected_accounts.connected_account_id = :id
AND (connected_accounts.due_at IS NULL OR connected_accounts.due_at > :at);

-- connected_accounts.wake_unregistered
UPDATE connected_accounts
SET due_at=:at
WHERE connected_accounts.provider = :provider
AND (connected_accounts.notices_base IS NULL OR connected_accounts.notices_base != :base)
AND connected_accounts.poll_at IS NOT NULL;

-- connected_accounts.wake_workspace
UPDATE connected_accounts
SET poll_at=CASE WHEN (connected_accounts.poll_at > :poll) THEN :poll ELSE connected_accounts.poll_at - 1 END,
    due_at=:at
WHERE connected_accounts.workspace_id = :ws
AND connected_accounts.poll_at IS NOT NULL;

-- devices.by_name
SELECT devices.device_id
FROM devices
WHERE devices.workspace_id = :ws
AND devices.is_managed = 1
AND (devices.nickname = :name OR devices.name = :name)
ORDER BY devices.created_at
LIMIT 1 OFFSET 0;

-- devices.by_name_within
SELECT devices.device_id
FROM devices
WHERE devices.workspace_id = :ws
AND devices.is_managed = 1
AND (devices.nickname = :name OR devices.name = :name)
AND devices.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY devices.created_at
LIMIT 1 OFFSET 0;

-- devices.delete
DELETE
FROM devices
WHERE devices.device_id = :id;

-- devices.due
SELECT devices.device_id
FROM devices
WHERE devices.connected_account_id = :account
AND devices.due_at <= :now
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
WHERE devices.device_id = :id;

-- devices.forget_looks
UPDATE devices
SET looked_at=NULL
WHERE devices.workspace_id = :ws;

-- devices.get
SELECT devices.device_id, devices.workspace_id, devices.connected_account_id, devices.provider,
    devices.vendor_device_id, devices.device_type, devices.name, devices.nickname, devices.is_managed,
    devices.is_online, devices.capabilities, devices.properties, devices.time_zone, devices.errors,
    devices.warnings, devices.custom_metadata, devices.created_at, devices.removed_at, devices.due_at,
    devices.attempts, devices.sync_wanted, devices.look_wanted, devices.looked_at, devices.noticed_at,
    devices.seen_at, devices.has_backup_pool, devices.spares, devices.preload_hours,
    devices.just_in_time_minutes, devices.disturbed_at
FROM devices
WHERE devices.device_id = :id
AND devices.workspace_id = :ws
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
WHERE devices.device_id = :id
AND devices.workspace_id = :ws;

-- devices.get_any_within
SELECT devices.device_id, devices.workspace_id, devices.connected_account_id, devices.provider,
    devices.vendor_device_id, devices.device_type, devices.name, devices.nickname, devices.is_managed,
    devices.is_online, devices.capabilities, devices.properties, devices.time_zone, devices.errors,
    devices.warnings, devices.custom_metadata, devices.created_at, devices.removed_at, devices.due_at,
    devices.attempts, devices.sync_wanted, devices.look_wanted, devices.looked_at, devices.noticed_at,
    devices.seen_at, devices.has_backup_pool, devices.spares, devices.preload_hours,
    devices.just_in_time_minutes, devices.disturbed_at
FROM devices
WHERE devices.device_id = :id
AND devices.workspace_id = :ws
AND devices.connected_account_id IN (SELECT value FROM json_each(:reach_accounts));

-- devices.get_within
SELECT devices.device_id, devices.workspace_id, devices.connected_account_id, devices.provider,
    devices.vendor_device_id, devices.device_type, devices.name, devices.nickname, devices.is_managed,
    devices.is_online, devices.capabilities, devices.properties, devices.time_zone, devices.errors,
    devices.warnings, devices.custom_metadata, devices.created_at, devices.removed_at, devices.due_at,
    devices.attempts, devices.sync_wanted, devices.look_wanted, devices.looked_at, devices.noticed_at,
    devices.seen_at, devices.has_backup_pool, devices.spares, devices.preload_hours,
    devices.just_in_time_minutes, devices.disturbed_at
FROM devices
WHERE devices.device_id = :id
AND devices.workspace_id = :ws
AND devices.is_managed = 1
AND devices.connected_account_id IN (SELECT value FROM json_each(:reach_accounts));

-- devices.insert
INSERT INTO devices (device_id, workspace_id, connected_account_id, provider, vendor_device_id, device_type,
    name, nickname, is_managed, is_online, capabilities, properties, time_zone, errors, warnings,
    custom_metadata, rendered, rendering, created_at, removed_at, due_at, attempts, sync_wanted, look_wanted,
    looked_at, noticed_at, seen_at, has_backup_pool, spares, preload_hours, just_in_time_minutes,
    disturbed_at)
VALUES (:device_id, :workspace_id, :connected_account_id, :provider, :vendor_device_id, :device_type, :name,
    :nickname, :is_managed, :is_online, :capabilities, :properties, :time_zone, :errors, :warnings,
    :custom_metadata, :rendered, :rendering, :created_at, :removed_at, :due_at, :attempts, :sync_wanted,
    :look_wanted, :looked_at, :noticed_at, :seen_at, :has_backup_pool, :spares, :preload_hours,
    :just_in_time_minutes, :disturbed_at);

-- devices.list
SELECT devices.rendered, devices.rendering, devices.device_id, devices.created_at
FROM devices
WHERE devices.workspace_id = :ws
AND devices.is_managed = 1
AND devices.created_at >= :from_at
AND (devices.created_at > :from_at OR devices.created_at = :from_at AND devices.device_id >= :from_id)
ORDER BY devices.created_at, devices.device_id
LIMIT :limit OFFSET 0;

-- devices.list_within
SELECT devices.rendered, devices.rendering, devices.device_id, devices.created_at
FROM devices
WHERE devices.workspace_id = :ws
AND devices.is_managed = 1
AND devices.created_at >= :from_at
AND (devices.created_at > :from_at OR devices.created_at = :from_at AND devices.device_id >= :from_id)
AND devices.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY devices.created_at, devices.device_id
LIMIT :limit OFFSET 0;

-- devices.next_due
SELECT min(devices.due_at) AS min_1
FROM devices
WHERE devices.connected_account_id = :account
AND devices.due_at IS NOT NULL;

-- devices.notice
UPDATE devices
SET look_wanted=:look, noticed_at=:at
WHERE devices.device_id = :id;

-- devices.of_account
SELECT devices.device_id, devices.workspace_id, devices.connected_account_id, devices.provider,
    devices.vendor_device_id, devices.device_type, devices.name, devices.nickname, devices.is_managed,
    devices.is_online, devices.capabilities, devices.properties, devices.time_zone, devices.errors,
    devices.warnings, devices.custom_metadata, devices.created_at, devices.removed_at, devices.due_at,
    devices.attempts, devices.sync_wanted, devices.look_wanted, devices.looked_at, devices.noticed_at,
    devices.seen_at, devices.has_backup_pool, devices.spares, devices.preload_hours,
    devices.just_in_time_minutes, devices.disturbed_at
FROM devices
WHERE devices.connected_account_id = :account
ORDER BY devices.created_at;

-- devices.rendered
SELECT devices.rendered, devices.rendering
FROM devices
WHERE devices.device_id = :id
AND devices.workspace_id = :ws
AND devices.is_managed = 1;

-- devices.rendered_within
SELECT devices.rendered, devices.rendering
FROM devices
WHERE devices.device_id = :id
AND devices.workspace_id = :ws
AND devices.is_managed = 1
AND devices.connected_account_id IN (SELECT value FROM json_each(:reach_accounts));

-- devices.set_due
UPDATE devices
SET due_at=:at
WHERE devices.device_id = :id;

-- devices.update
UPDATE devices
SET workspace_id=:workspace_id, connected_account_id=:connected_account_id, provider=:provider,
    vendor_device_id=:vendor_device_id, device_type=:device_type, name=:name, nickname=:nickname,
    is_managed=:is_managed, is_online=:is_online, capabilities=:capabilities, properties=:properties,
    time_zone=:time_zone, errors=:errors, warnings=:warnings, custom_metadata=:custom_metadata,
    rendered=:rendered, rendering=:rendering, created_at=:created_at, removed_at=:removed_at,
    attempts=:attempts, sync_wanted=:sync_wanted, look_wanted=:look_wanted, looked_at=:looked_at,
    noticed_at=:noticed_at, seen_at=:seen_at, has_backup_pool=:has_backup_pool, spares=:spares,
    preload_hours=:preload_hours, just_in_time_minutes=:just_in_time_minutes, disturbed_at=:disturbed_at
WHERE devices.device_id = :the_key;

-- devices.wake
UPDATE devices
SET due_at=:at
WHERE devices.device_id = :id
AND (devices.due_at IS NULL OR devices.due_at > :at);

-- entry_marks.insert
INSERT INTO entry_marks (device_id, since_at, read_until, asked_at, was_online, told)
VALUES (:device_id, :since_at, :read_until, :asked_at, :was_online, :told);

-- entry_marks.of_account
SELECT entry_marks.device_id, entry_marks.since_at, entry_marks.read_until, entry_marks.asked_at,
    entry_marks.was_online, entry_marks.told
FROM entry_marks
JOIN devices ON devices.device_id = entry_marks.device_id
WHERE devices.connected_account_id = :account;

-- entry_marks.update
UPDATE entry_marks
SET since_at=:since_at, read_until=:read_until, asked_at=:asked_at, was_online=:was_online, told=:told
WHERE entry_marks.device_id = :the_key;

-- events.after
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields, events.position
FROM events
WHERE events.workspace_id = :ws
AND events.position > :position
ORDER BY events.position
LIMIT :limit OFFSET 0;

-- events.after_within
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields, events.position
FROM events
WHERE events.workspace_id = :ws
AND events.position > :position
AND (events.connected_account_id IN (SELECT value FROM json_each(:reach_accounts)) OR
    events.connected_account_id IS NULL AND events.connect_webview_id IN (SELECT value FROM
    json_each(:reach_webviews)))
ORDER BY events.position
LIMIT :limit OFFSET 0;

-- events.by_ids
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.event_id IN (SELECT value FROM json_each(:ids));

-- events.count
SELECT count(*) AS count_1
FROM events
WHERE events.workspace_id = :ws;

-- events.first_since
SELECT min(events.position) AS min_1
FROM events
WHERE events.workspace_id = :ws
AND events.created_at > :since;

-- events.get
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.event_id = :event_id
AND events.workspace_id = :ws
AND events.event_type NOT LIKE 'ostiary.%';

-- events.get_within
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.event_id = :event_id
AND events.workspace_id = :ws
AND events.event_type NOT LIKE 'ostiary.%'
AND (events.connected_account_id IN (SELECT value FROM json_each(:reach_accounts)) OR
    events.connected_account_id IS NULL AND events.connect_webview_id IN (SELECT value FROM
    json_each(:reach_webviews)));

-- events.insert
INSERT INTO events (event_id, workspace_id, event_type, device_id, access_code_id, connected_account_id,
    connect_webview_id, action_attempt_id, customer_key, occurred_at, created_at, payload, secret_fields)
VALUES (:event_id, :workspace_id, :event_type, :device_id, :access_code_id, :connected_account_id,
    :connect_webview_id, :action_attempt_id, :customer_key, :occurred_at, :created_at, :payload,
    :secret_fields);

-- events.last
SELECT events.position, events.event_id
FROM events
WHERE events.workspace_id = :ws
AND events.position < :below
ORDER BY events.position DESC
LIMIT 1 OFFSET 0;

-- events.list
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.workspace_id = :ws
AND events.created_at > :since
AND events.created_at < :until
AND (:in_event_type IS NULL OR events.event_type IN (SELECT value FROM json_each(:in_event_type)))
AND (:in_device_id IS NULL OR events.device_id IN (SELECT value FROM json_each(:in_device_id)))
AND (:in_access_code_id IS NULL OR events.access_code_id IN (SELECT value FROM json_each(:in_access_code_id)))
AND (:in_connected_account_id IS NULL OR events.connected_account_id IN (SELECT value FROM
    json_each(:in_connected_account_id)))
AND (:in_connect_webview_id IS NULL OR events.connect_webview_id IN (SELECT value FROM
    json_each(:in_connect_webview_id)))
AND (:in_customer_key IS NULL OR events.customer_key IN (SELECT value FROM json_each(:in_customer_key)))
AND (:in_event_id IS NULL OR events.event_id IN (SELECT value FROM json_each(:in_event_id)))
AND events.event_type NOT LIKE 'ostiary.%'
ORDER BY events.created_at DESC, events.event_id DESC
LIMIT :limit OFFSET :offset;

-- events.list_ids
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.workspace_id = :ws
AND events.created_at > :since
AND events.created_at < :until
AND (:in_event_type IS NULL OR events.event_type IN (SELECT value FROM json_each(:in_event_type)))
AND (:in_device_id IS NULL OR events.device_id IN (SELECT value FROM json_each(:in_device_id)))
AND (:in_access_code_id IS NULL OR events.access_code_id IN (SELECT value FROM json_each(:in_access_code_id)))
AND (:in_connected_account_id IS NULL OR events.connected_account_id IN (SELECT value FROM
    json_each(:in_connected_account_id)))
AND (:in_connect_webview_id IS NULL OR events.connect_webview_id IN (SELECT value FROM
    json_each(:in_connect_webview_id)))
AND (:in_customer_key IS NULL OR events.customer_key IN (SELECT value FROM json_each(:in_customer_key)))
AND events.event_id IN (SELECT value FROM json_each(:in_event_id))
AND events.event_type NOT LIKE 'ostiary.%'
ORDER BY events.created_at DESC, events.event_id DESC
LIMIT :limit OFFSET :offset;

-- events.list_ids_within
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.workspace_id = :ws
AND events.created_at > :since
AND events.created_at < :until
AND (:in_event_type IS NULL OR events.event_type IN (SELECT value FROM json_each(:in_event_type)))
AND (:in_device_id IS NULL OR events.device_id IN (SELECT value FROM json_each(:in_device_id)))
AND (:in_access_code_id IS NULL OR events.access_code_id IN (SELECT value FROM json_each(:in_access_code_id)))
AND (:in_connected_account_id IS NULL OR events.connected_account_id IN (SELECT value FROM
    json_each(:in_connected_account_id)))
AND (:in_connect_webview_id IS NULL OR events.connect_webview_id IN (SELECT value FROM
    json_each(:in_connect_webview_id)))
AND (:in_customer_key IS NULL OR events.customer_key IN (SELECT value FROM json_each(:in_customer_key)))
AND events.event_id IN (SELECT value FROM json_each(:in_event_id))
AND events.event_type NOT LIKE 'ostiary.%'
AND (events.connected_account_id IN (SELECT value FROM json_each(:reach_accounts)) OR
    events.connected_account_id IS NULL AND events.connect_webview_id IN (SELECT value FROM
    json_each(:reach_webviews)))
ORDER BY events.created_at DESC, events.event_id DESC
LIMIT :limit OFFSET :offset;

-- events.list_within
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.workspace_id = :ws
AND events.created_at > :since
AND events.created_at < :until
AND (:in_event_type IS NULL OR events.event_type IN (SELECT value FROM json_each(:in_event_type)))
AND (:in_device_id IS NULL OR events.device_id IN (SELECT value FROM json_each(:in_device_id)))
AND (:in_access_code_id IS NULL OR events.access_code_id IN (SELECT value FROM json_each(:in_access_code_id)))
AND (:in_connected_account_id IS NULL OR events.connected_account_id IN (SELECT value FROM
    json_each(:in_connected_account_id)))
AND (:in_connect_webview_id IS NULL OR events.connect_webview_id IN (SELECT value FROM
    json_each(:in_connect_webview_id)))
AND (:in_customer_key IS NULL OR events.customer_key IN (SELECT value FROM json_each(:in_customer_key)))
AND (:in_event_id IS NULL OR events.event_id IN (SELECT value FROM json_each(:in_event_id)))
AND events.event_type NOT LIKE 'ostiary.%'
AND (events.connected_account_id IN (SELECT value FROM json_each(:reach_accounts)) OR
    events.connected_account_id IS NULL AND events.connect_webview_id IN (SELECT value FROM
    json_each(:reach_webviews)))
ORDER BY events.created_at DESC, events.event_id DESC
LIMIT :limit OFFSET :offset;

-- events.of_code
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.access_code_id = :id
AND events.event_type IN (SELECT value FROM json_each(:types))
AND events.workspace_id = :ws
ORDER BY events.created_at, events.event_id;

-- events.of_code_within
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.access_code_id = :id
AND events.event_type IN (SELECT value FROM json_each(:types))
AND events.workspace_id = :ws
AND (events.connected_account_id IN (SELECT value FROM json_each(:reach_accounts)) OR
    events.connected_account_id IS NULL AND events.connect_webview_id IN (SELECT value FROM
    json_each(:reach_webviews)))
ORDER BY events.created_at, events.event_id;

-- events.oldest
SELECT events.position, events.created_at
FROM events
WHERE events.workspace_id = :ws
ORDER BY events.position
LIMIT :limit OFFSET 0;

-- events.position
SELECT events.position
FROM events
WHERE events.event_id = :event_id
AND events.workspace_id = :ws;

-- events.position_within
SELECT events.position
FROM events
WHERE events.event_id = :event_id
AND events.workspace_id = :ws
AND (events.connected_account_id IN (SELECT value FROM json_each(:reach_accounts)) OR
    events.connected_account_id IS NULL AND events.connect_webview_id IN (SELECT value FROM
    json_each(:reach_webviews)));

-- events.remove
DELETE
FROM events
WHERE events.workspace_id = :ws
AND events.position <= :position;

-- events.within
SELECT events.event_id, events.workspace_id, events.event_type, events.device_id, events.access_code_id,
    events.connected_account_id, events.connect_webview_id, events.action_attempt_id, events.customer_key,
    events.occurred_at, events.created_at, events.payload, events.secret_fields
FROM events
WHERE events.workspace_id = :ws
AND events.position > :position
AND events.created_at >= :since
AND events.created_at < :until
ORDER BY events.position
LIMIT :limit OFFSET 0;

-- evidence.insert
INSERT INTO evidence (access_code_id, position, workspace_id, at, kind, status, facts, previous_hash, hash,
    seal)
VALUES (:access_code_id, :position, :workspace_id, :at, :kind, :status, :facts, :previous_hash, :hash, :seal);

-- evidence.last
SELECT evidence.access_code_id, evidence.position, evidence.workspace_id, evidence.at, evidence.kind,
    evidence.status, evidence.facts, evidence.previous_hash, evidence.hash, evidence.seal
FROM evidence
WHERE evidence.access_code_id = :id
ORDER BY evidence.position DESC
LIMIT 1 OFFSET 0;

-- evidence.of_code
SELECT evidence.access_code_id, evidence.position, evidence.workspace_id, evidence.at, evidence.kind,
    evidence.status, evidence.facts, evidence.previous_hash, evidence.hash, evidence.seal
FROM evidence
WHERE evidence.access_code_id = :id
AND evidence.workspace_id = :ws
ORDER BY evidence.position;

-- evidence.of_code_within
SELECT evidence.access_code_id, evidence.position, evidence.workspace_id, evidence.at, evidence.kind,
    evidence.status, evidence.facts, evidence.previous_hash, evidence.hash, evidence.seal
FROM evidence
WHERE evidence.access_code_id = :id
AND evidence.workspace_id = :ws
AND (EXISTS (SELECT * FROM access_codes WHERE access_codes.access_code_id = :id AND
    access_codes.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))))
ORDER BY evidence.position;

-- evidence.unseal
UPDATE evidence
SET seal=NULL
WHERE evidence.access_code_id = :id
AND evidence.position = :at_position;

-- evidence.view
SELECT devices.capabilities, devices.preload_hours, devices.just_in_time_minutes, connected_accounts.errors
FROM devices
JOIN connected_accounts ON connected_accounts.connected_account_id = devices.connected_account_id
WHERE devices.device_id = :device;

-- installation.get
SELECT installation.value
FROM installation
WHERE installation.name = :name;

-- installation.insert
INSERT INTO installation (name, value)
VALUES (:name, :value);

-- installation.touch
UPDATE installation
SET value=installation.value
WHERE installation.name = :the_name;

-- steps.insert
INSERT INTO steps (step_id, workspace_id, device_id, access_code_id, kind, generation, vendor_code_id,
    code_hash, planned_at, outcome, wait_until, reaches_at, settled_at)
VALUES (:step_id, :workspace_id, :device_id, :access_code_id, :kind, :generation, :vendor_code_id, :code_hash,
    :planned_at, :outcome, :wait_until, :reaches_at, :settled_at);

-- steps.open
SELECT steps.step_id, steps.access_code_id, steps.kind, steps.generation, steps.vendor_code_id,
    steps.code_hash, steps.planned_at, steps.outcome, steps.wait_until, steps.reaches_at, steps.settled_at
FROM steps
WHERE steps.device_id = :device
AND steps.settled_at IS NULL
ORDER BY steps.planned_at;

-- steps.update
UPDATE steps
SET access_code_id=:access_code_id, kind=:kind, generation=:generation, vendor_code_id=:vendor_code_id,
    code_hash=:code_hash, planned_at=:planned_at, outcome=:outcome, wait_until=:wait_until,
    reaches_at=:reaches_at, settled_at=:settled_at
WHERE steps.step_id = :the_key;

-- steps.written_pins
SELECT DISTINCT steps.access_code_id, steps.code_hash
FROM steps
WHERE steps.access_code_id IN (SELECT value FROM json_each(:ids));

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
WHERE unmanaged_access_codes.device_id = :device
AND unmanaged_access_codes.code_hash = :hash
AND unmanaged_access_codes.gone_at IS NULL
ORDER BY unmanaged_access_codes.created_at
LIMIT 1 OFFSET 0;

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
WHERE unmanaged_access_codes.device_id = :device
AND unmanaged_access_codes.vendor_code_id = :vendor_code
ORDER BY unmanaged_access_codes.created_at DESC
LIMIT 1 OFFSET 0;

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
WHERE unmanaged_access_codes.access_code_id = :id
AND unmanaged_access_codes.workspace_id = :ws
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
WHERE unmanaged_access_codes.access_code_id = :id;

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
WHERE unmanaged_access_codes.access_code_id = :id
AND unmanaged_access_codes.workspace_id = :ws
AND unmanaged_access_codes.gone_at IS NULL
AND unmanaged_access_codes.connected_account_id IN (SELECT value FROM json_each(:reach_accounts));

-- unmanaged_access_codes.insert
INSERT INTO unmanaged_access_codes (access_code_id, workspace_id, connected_account_id, device_id,
    vendor_code_id, name, code, code_hash, starts_at, ends_at, is_enabled, created_at, gone_at, mark,
    is_exact, is_removable, delete_requested_at, delete_sent_at, retry_at, weekly_window)
VALUES (:access_code_id, :workspace_id, :connected_account_id, :device_id, :vendor_code_id, :name, :code,
    :code_hash, :starts_at, :ends_at, :is_enabled, :created_at, :gone_at, :mark, :is_exact, :is_removable,
    :delete_requested_at, :delete_sent_at, :retry_at, :weekly_window);

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
WHERE unmanaged_access_codes.workspace_id = :ws
AND unmanaged_access_codes.device_id = :device
AND unmanaged_access_codes.gone_at IS NULL
AND unmanaged_access_codes.created_at >= :from_at
AND (unmanaged_access_codes.created_at > :from_at OR unmanaged_access_codes.created_at = :from_at AND
    unmanaged_access_codes.access_code_id >= :from_id)
ORDER BY unmanaged_access_codes.created_at, unmanaged_access_codes.access_code_id
LIMIT :limit OFFSET 0;

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
WHERE unmanaged_access_codes.workspace_id = :ws
AND unmanaged_access_codes.device_id = :device
AND unmanaged_access_codes.gone_at IS NULL
AND unmanaged_access_codes.created_at >= :from_at
AND (unmanaged_access_codes.created_at > :from_at OR unmanaged_access_codes.created_at = :from_at AND
    unmanaged_access_codes.access_code_id >= :from_id)
AND unmanaged_access_codes.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY unmanaged_access_codes.created_at, unmanaged_access_codes.access_code_id
LIMIT :limit OFFSET 0;

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
WHERE unmanaged_access_codes.device_id = :device
AND unmanaged_access_codes.gone_at IS NULL
ORDER BY unmanaged_access_codes.created_at;

-- unmanaged_access_codes.update
UPDATE unmanaged_access_codes
SET workspace_id=:workspace_id, connected_account_id=:connected_account_id, device_id=:device_id,
    vendor_code_id=:vendor_code_id, name=:name, code=:code, code_hash=:code_hash, starts_at=:starts_at,
    ends_at=:ends_at, is_enabled=:is_enabled, created_at=:created_at, gone_at=:gone_at, mark=:mark,
    is_exact=:is_exact, is_removable=:is_removable, delete_requested_at=:delete_requested_at,
    delete_sent_at=:delete_sent_at, retry_at=:retry_at, weekly_window=:weekly_window
WHERE unmanaged_access_codes.access_code_id = :the_key;

-- unmanaged_devices.by_name
SELECT devices.device_id
FROM devices
WHERE devices.workspace_id = :ws
AND devices.is_managed = 0
AND (devices.nickname = :name OR devices.name = :name)
ORDER BY devices.created_at
LIMIT 1 OFFSET 0;

-- unmanaged_devices.by_name_within
SELECT devices.device_id
FROM devices
WHERE devices.workspace_id = :ws
AND devices.is_managed = 0
AND (devices.nickname = :name OR devices.name = :name)
AND devices.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY devices.created_at
LIMIT 1 OFFSET 0;

-- unmanaged_devices.list
SELECT devices.rendered, devices.rendering, devices.device_id, devices.created_at
FROM devices
WHERE devices.workspace_id = :ws
AND devices.is_managed = 0
AND devices.created_at >= :from_at
AND (devices.created_at > :from_at OR devices.created_at = :from_at AND devices.device_id >= :from_id)
ORDER BY devices.created_at, devices.device_id
LIMIT :limit OFFSET 0;

-- unmanaged_devices.list_within
SELECT devices.rendered, devices.rendering, devices.device_id, devices.created_at
FROM devices
WHERE devices.workspace_id = :ws
AND devices.is_managed = 0
AND devices.created_at >= :from_at
AND (devices.created_at > :from_at OR devices.created_at = :from_at AND devices.device_id >= :from_id)
AND devices.connected_account_id IN (SELECT value FROM json_each(:reach_accounts))
ORDER BY devices.created_at, devices.device_id
LIMIT :limit OFFSET 0;

-- unmanaged_devices.rendered
SELECT devices.rendered, devices.rendering
FROM devices
WHERE devices.device_id = :id
AND devices.workspace_id = :ws
AND devices.is_managed = 0;

-- unmanaged_devices.rendered_within
SELECT devices.rendered, devices.rendering
FROM devices
WHERE devices.device_id = :id
AND devices.workspace_id = :ws
AND devices.is_managed = 0
AND devices.connected_account_id IN (SELECT value FROM json_each(:reach_accounts));

-- vendor_codes.forget
DELETE
FROM vendor_codes
WHERE vendor_codes.device_id = :device
AND vendor_codes.vendor_code_id = :vendor_id;

-- vendor_codes.get
SELECT vendor_codes.access_code_id
FROM vendor_codes
WHERE vendor_codes.device_id = :device
AND vendor_codes.vendor_code_id = :vendor_id;

-- vendor_codes.insert
INSERT INTO vendor_codes (device_id, vendor_code_id, access_code_id)
VALUES (:device_id, :vendor_code_id, :access_code_id);

-- virtual_homes.get
SELECT virtual_homes.state, virtual_homes.version
FROM virtual_homes
WHERE virtual_homes.workspace_id = :ws
AND virtual_homes.provider = :by_provider
AND virtual_homes.home = :by_home;

-- virtual_homes.insert
INSERT INTO virtual_homes (workspace_id, provider, home, version, state)
VALUES (:workspace_id, :provider, :home, :version, :state);

-- virtual_homes.names
SELECT virtual_homes.home
FROM virtual_homes
WHERE virtual_homes.workspace_id = :ws
AND virtual_homes.provider = :by_provider
ORDER BY virtual_homes.home;

-- virtual_homes.save
UPDATE virtual_homes
SET version=:new, state=:blob
WHERE virtual_homes.workspace_id = :ws
AND virtual_homes.provider = :by_provider
AND virtual_homes.home = :by_home
AND virtual_homes.version = :old;

-- webhook_deliveries.any_old
SELECT 1 AS anon_1
FROM webhook_deliveries
WHERE webhook_deliveries.workspace_id = :ws
AND webhook_deliveries.settled_at IS NOT NULL
AND webhook_deliveries.settled_at < :before
LIMIT 1 OFFSET 0;

-- webhook_deliveries.count_pending
SELECT count(*) AS count_1
FROM webhook_deliveries
WHERE webhook_deliveries.webhook_id = :webhook_id
AND webhook_deliveries.due_at IS NOT NULL;

-- webhook_deliveries.due
SELECT webhook_deliveries.webhook_id, webhook_deliveries.event_id, webhook_deliveries.workspace_id,
    webhook_deliveries.position, webhook_deliveries.event_type, webhook_deliveries.status,
    webhook_deliveries.attempts, webhook_deliveries.tries, webhook_deliveries.created_at,
    webhook_deliveries.due_at, webhook_deliveries.settled_at
FROM webhook_deliveries
WHERE webhook_deliveries.webhook_id = :webhook_id
AND webhook_deliveries.due_at IS NOT NULL
AND webhook_deliveries.due_at <= :now
ORDER BY webhook_deliveries.due_at, webhook_deliveries.position
LIMIT :limit OFFSET 0;

-- webhook_deliveries.first_waiting
SELECT min(webhook_deliveries.position) AS min_1
FROM webhooks
JOIN webhook_deliveries ON webhook_deliveries.webhook_id = webhooks.webhook_id
WHERE webhooks.workspace_id = :ws
AND webhook_deliveries.due_at IS NOT NULL;

-- webhook_deliveries.get
SELECT webhook_deliveries.webhook_id, webhook_deliveries.event_id, webhook_deliveries.workspace_id,
    webhook_deliveries.position, webhook_deliveries.event_type, webhook_deliveries.status,
    webhook_deliveries.attempts, webhook_deliveries.tries, webhook_deliveries.created_at,
    webhook_deliveries.due_at, webhook_deliveries.settled_at
FROM webhook_deliveries
WHERE webhook_deliveries.webhook_id = :webhook_id
AND webhook_deliveries.event_id = :event_id;

-- webhook_deliveries.give_up
UPDATE webhook_deliveries
SET status='failed', due_at=NULL, settled_at=:now
WHERE webhook_deliveries.webhook_id = :webhook_id
AND webhook_deliveries.due_at IS NOT NULL;

-- webhook_deliveries.list
SELECT webhook_deliveries.webhook_id, webhook_deliveries.event_id, webhook_deliveries.workspace_id,
    webhook_deliveries.position, webhook_deliveries.event_type, webhook_deliveries.status,
    webhook_deliveries.attempts, webhook_deliveries.tries, webhook_deliveries.created_at,
    webhook_deliveries.due_at, webhook_deliveries.settled_at
FROM webhook_deliveries
WHERE webhook_deliveries.webhook_id = :webhook_id
AND webhook_deliveries.position <= :position
ORDER BY webhook_deliveries.position DESC
LIMIT :limit OFFSET 0;

-- webhook_deliveries.next
SELECT min(webhook_deliveries.due_at) AS min_1
FROM webhook_deliveries
WHERE webhook_deliveries.webhook_id = :webhook_id
AND webhook_deliveries.due_at IS NOT NULL;

-- webhook_deliveries.queue
INSERT INTO webhook_deliveries (webhook_id, event_id, workspace_id, position, event_type, status, attempts,
    tries, created_at, due_at) SELECT webhooks.webhook_id, events.event_id, events.workspace_id,
    events.position, events.event_type, 'pending' AS anon_1, '[]' AS anon_2, 0 AS anon_3, events.created_at,
    :now AS anon_4
FROM events
JOIN webhooks ON webhooks.workspace_id = events.workspace_id
WHERE events.event_id = :event_id
AND webhooks.webhook_id IN (SELECT value FROM json_each(:webhook_ids));

-- webhook_deliveries.queue_again
UPDATE webhook_deliveries
SET status='pending', tries=0, due_at=:now, settled_at=NULL
WHERE webhook_deliveries.webhook_id = :webhook_id
AND webhook_deliveries.event_id IN (SELECT value FROM json_each(:event_ids));

-- webhook_deliveries.queue_missing
INSERT INTO webhook_deliveries (webhook_id, event_id, workspace_id, position, event_type, status, attempts,
    tries, created_at, due_at) SELECT webhooks.webhook_id, events.event_id, events.workspace_id,
    events.position, events.event_type, 'pending' AS anon_1, '[]' AS anon_2, 0 AS anon_3, events.created_at,
    :now AS anon_4
FROM events
JOIN webhooks ON webhooks.workspace_id = events.workspace_id
WHERE events.event_id IN (SELECT value FROM json_each(:event_ids))
AND webhooks.webhook_id = :webhook_id
AND NOT (EXISTS (SELECT 1 AS anon_5 FROM webhook_deliveries WHERE webhook_deliveries.webhook_id = :webhook_id
    AND webhook_deliveries.event_id = events.event_id));

-- webhook_deliveries.remove_old
DELETE
FROM webhook_deliveries
WHERE (webhook_deliveries.webhook_id, webhook_deliveries.event_id) IN (SELECT webhook_deliveries.webhook_id,
    webhook_deliveries.event_id FROM webhook_deliveries WHERE webhook_deliveries.workspace_id = :ws AND
    webhook_deliveries.settled_at IS NOT NULL AND webhook_deliveries.settled_at < :before ORDER BY
    webhook_deliveries.settled_at LIMIT :limit OFFSET 0);

-- webhook_deliveries.settle
UPDATE webhook_deliveries
SET status=:status, attempts=:attempts, tries=:tries, due_at=:due_at, settled_at=:settled_at
WHERE webhook_deliveries.webhook_id = :webhook_id
AND webhook_deliveries.event_id = :event_id
AND webhook_deliveries.due_at IS :was_due
AND webhook_deliveries.tries = :was_tries;

-- webhook_lines.claim
UPDATE webhook_lines
SET lease=:token, leased_until=:until
WHERE webhook_lines.webhook_id = :id
AND webhook_lines.leased_until <= :now;

-- webhook_lines.free_all
UPDATE webhook_lines
SET lease=NULL, leased_until=0;

-- webhook_lines.get
SELECT webhook_lines.webhook_id, webhook_lines.failures, webhook_lines.failing_since,
    webhook_lines.succeeded_at, webhook_lines.failed_at, webhook_lines.rests_until
FROM webhook_lines
WHERE webhook_lines.webhook_id = :id;

-- webhook_lines.insert
INSERT INTO webhook_lines (webhook_id, failures, failing_since, succeeded_at, failed_at, rests_until,
    leased_until)
VALUES (:webhook_id, :failures, :failing_since, :succeeded_at, :failed_at, :rests_until, :leased_until);

-- webhook_lines.release
UPDATE webhook_lines
SET lease=NULL, leased_until=0
WHERE webhook_lines.webhook_id = :id
AND webhook_lines.lease = :token;

-- webhook_lines.renew
UPDATE webhook_lines
SET leased_until=:until
WHERE webhook_lines.webhook_id = :id
AND webhook_lines.lease = :token;

-- webhook_lines.update
UPDATE webhook_lines
SET failures=:failures, failing_since=:failing_since, succeeded_at=:succeeded_at, failed_at=:failed_at,
    rests_until=:rests_until
WHERE webhook_lines.webhook_id = :the_key;

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
WHERE webhooks.webhook_id = :id
AND webhooks.workspace_id = :ws;

-- webhooks.find
SELECT webhooks.webhook_id, webhooks.workspace_id, webhooks.url, webhooks.event_types, webhooks.secret,
    webhooks.old_secret, webhooks.old_secret_ends_at, webhooks.created_at, webhooks.disabled_at
FROM webhooks
WHERE webhooks.webhook_id = :id;

-- webhooks.get
SELECT webhooks.webhook_id, webhooks.workspace_id, webhooks.url, webhooks.event_types, webhooks.secret,
    webhooks.old_secret, webhooks.old_secret_ends_at, webhooks.created_at, webhooks.disabled_at
FROM webhooks
WHERE webhooks.webhook_id = :id
AND webhooks.workspace_id = :ws;

-- webhooks.insert
INSERT INTO webhooks (webhook_id, workspace_id, url, event_types, secret, old_secret, old_secret_ends_at,
    created_at, disabled_at)
VALUES (:webhook_id, :workspace_id, :url, :event_types, :secret, :old_secret, :old_secret_ends_at,
    :created_at, :disabled_at);

-- webhooks.list
SELECT webhooks.webhook_id, webhooks.workspace_id, webhooks.url, webhooks.event_types, webhooks.secret,
    webhooks.old_secret, webhooks.old_secret_ends_at, webhooks.created_at, webhooks.disabled_at
FROM webhooks
WHERE webhooks.workspace_id = :ws
ORDER BY webhooks.created_at, webhooks.webhook_id;

-- webhooks.of_workspace
SELECT webhooks.webhook_id, webhooks.workspace_id, webhooks.url, webhooks.event_types, webhooks.secret,
    webhooks.old_secret, webhooks.old_secret_ends_at, webhooks.created_at, webhooks.disabled_at
FROM webhooks
WHERE webhooks.workspace_id = :ws
AND webhooks.disabled_at IS NULL;

-- webhooks.update
UPDATE webhooks
SET workspace_id=:workspace_id, url=:url, event_types=:event_types, secret=:secret, old_secret=:old_secret,
    old_secret_ends_at=:old_secret_ends_at, created_at=:created_at, disabled_at=:disabled_at
WHERE webhooks.webhook_id = :the_key;

-- webhooks.waited_for
SELECT webhooks.webhook_id, webhooks.workspace_id, webhooks.url, webhooks.event_types, webhooks.secret,
    webhooks.old_secret, webhooks.old_secret_ends_at, webhooks.created_at, webhooks.disabled_at
FROM webhooks
JOIN webhook_lines ON webhook_lines.webhook_id = webhooks.webhook_id
JOIN webhook_deliveries ON webhook_deliveries.webhook_id = webhooks.webhook_id
WHERE webhooks.webhook_id = :webhook_id
AND webhooks.disabled_at IS NULL
AND webhook_lines.lease = :token
AND webhook_deliveries.event_id = :event_id
AND webhook_deliveries.due_at IS :was_due
AND webhook_deliveries.tries = :was_tries;

-- workspaces.by_api_key
SELECT workspaces.workspace_id, workspaces.name, workspaces.is_sandbox, workspaces.clock_offset_ms,
    workspaces.clock_frozen_at, workspaces.created_at, workspaces.company_name,
    workspaces.connect_partner_name, workspaces.is_publishable_key_auth_enabled, api_keys.api_key_id,
    api_keys.name AS key_name
FROM api_keys
JOIN workspaces ON api_keys.workspace_id = workspaces.workspace_id
WHERE api_keys.token_hash = :hash
AND api_keys.revoked_at IS NULL
AND api_keys.kind = :kind;

-- workspaces.find
SELECT workspaces.workspace_id, workspaces.name, workspaces.is_sandbox, workspaces.clock_offset_ms,
    workspaces.clock_frozen_at, workspaces.created_at, workspaces.company_name,
    workspaces.connect_partner_name, workspaces.is_publishable_key_auth_enabled
FROM workspaces
WHERE workspaces.workspace_id = :text OR workspaces.name = :text;

-- workspaces.get
SELECT workspaces.workspace_id, workspaces.name, workspaces.is_sandbox, workspaces.clock_offset_ms,
    workspaces.clock_frozen_at, workspaces.created_at, workspaces.company_name,
    workspaces.connect_partner_name, workspaces.is_publishable_key_auth_enabled
FROM workspaces
WHERE workspaces.workspace_id = :ws;

-- workspaces.insert
INSERT INTO workspaces (workspace_id, name, is_sandbox, clock_offset_ms, clock_frozen_at, created_at,
    company_name, connect_partner_name, is_publishable_key_auth_enabled)
VALUES (:workspace_id, :name, :is_sandbox, :clock_offset_ms, :clock_frozen_at, :created_at, :company_name,
    :connect_partner_name, :is_publishable_key_auth_enabled);

-- workspaces.list
SELECT workspaces.workspace_id, workspaces.name, workspaces.is_sandbox, workspaces.clock_offset_ms,
    workspaces.clock_frozen_at, workspaces.created_at, workspaces.company_name,
    workspaces.connect_partner_name, workspaces.is_publishable_key_auth_enabled
FROM workspaces
ORDER BY workspaces.created_at, workspaces.workspace_id;

-- workspaces.set_clock
UPDATE workspaces
SET clock_offset_ms=:offset, clock_frozen_at=:frozen
WHERE workspaces.workspace_id = :ws;

-- workspaces.tell_publishable
UPDATE workspaces
SET is_publishable_key_auth_enabled=CASE WHEN (EXISTS (SELECT * FROM api_keys WHERE api_keys.workspace_id =
    workspaces.workspace_id AND api_keys.kind = 'publishable_key' AND api_keys.revoked_at IS NULL)) THEN 1
    ELSE 0 END;
