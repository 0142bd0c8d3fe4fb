<?php
// Says who runs it and counts the visits of a session, so that what it writes is seen to be written.
session_start();
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
header('Content-Type: application/json');
echo json_encode(['visits' => $_SESSION['visits'], 'writes_code' => is_writable(__FILE__) || is_writable(__DIR__)]);
