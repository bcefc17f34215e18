"""Keys: made once even when several processes start at once, private to their owner, each for one algorithm."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from app.errors import Refused
from app.security.keys import PrivateKey, PublicKey, algorithm_of, open_key_ring, thumbprint

START = """
import sys
from pathlib import Path
from app.security.keys import open_key_ring
print("ready", flush=True)
sys.stdin.readline()
print(open_key_ring(Path(sys.argv[1])).kid, flush=True)
"""


def public_pem(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: PrivateKey, encryption: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_run_makes_a_private_key_pair_and_the_next_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "keys"
    made = open_key_ring(folder)
    assert open_key_ring(folder).kid == made.kid
    assert [path.name for path in folder.iterdir()] == ["signing.pem"]
    assert mode(folder) == 0o700
    assert mode(folder / "signing.pem") == 0o600
    assert list(made.verification) == [made.kid]
    assert made.verification[made.kid].algorithm == "EdDSA"


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    # given six processes that wait at the line
    folder = tmp_path / "keys"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", START, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(6)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    # when all are let go
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    kids = {process.communicate(timeout=30)[0].strip() for process in started}
    # then one key was made, and nothing else is left behind
    assert [process.returncode for process in started] == [0] * 6
    assert kids == {open_key_ring(folder).kid}
    assert [path.name for path in folder.iterdir()] == ["signing.pem"]


def test_a_draft_that_a_killed_process_left_is_ignored(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / ".signing.pem.1.abcd").write_text("half a key")
    assert len(open_key_ring(tmp_path).verification) == 1


def test_the_kid_is_the_thumbprint_of_rfc_7638() -> None:
    # the key and thumbprint of RFC 8037, appendix A.3, and of RFC 7638, section 3.1
    okp = OKPAlgorithm.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    assert isinstance(okp, Ed25519PublicKey)
    assert thumbprint(okp) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
        "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA"
        "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
        "kEgU8awapJzKnqDKgw"
    )
    key = RSAAlgorithm.from_jwk({"kty": "RSA", "e": "AQAB", "n": modulus})
    assert isinstance(key, rsa.RSAPublicKey)
    assert thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_a_key_is_bound_to_the_algorithm_of_its_type() -> None:
    assert algorithm_of(Ed25519PrivateKey.generate().public_key()) == "EdDSA"
    assert algorithm_of(ec.generate_private_key(ec.SECP256R1()).public_key()) == "ES256"
    assert algorithm_of(rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()) == "RS256"
    assert algorithm_of(ec.generate_private_key(ec.SECP384R1()).public_key()) is None
    assert algorithm_of(ed448.Ed448PrivateKey.generate().public_key()) is None
    assert algorithm_of(Ed25519PrivateKey.generate()) is None


def test_a_folder_of_trusted_keys_may_mix_pem_and_jwks(tmp_path: Path) -> None:
    # given a PEM, and a JWKS with a named key, a nameless one, and one for encryption
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    one, two, three = (ec.generate_private_key(ec.SECP256R1()).public_key() for _ in range(3))
    (trusted / "one.pem").write_bytes(public_pem(one))
    members = [
        {**ECAlgorithm.to_jwk(two, as_dict=True), "kid": "2026-11", "use": "sig", "alg": "ES256"},
        ECAlgorithm.to_jwk(three, as_dict=True),
        {**ECAlgorithm.to_jwk(one, as_dict=True), "kid": "enc", "use": "enc"},
    ]
    (trusted / "idp.json").write_text(json.dumps({"keys": members}))
    (trusted / "readme.txt").write_text("not a key")
    # when
    ring = open_key_ring(tmp_path / "keys", trusted)
    # then
    assert set(ring.verification) == {ring.kid, thumbprint(one), "2026-11", thumbprint(three)}
    assert {key.kid for key in ring.candidates(None, "ES256")} == {thumbprint(one), "2026-11", thumbprint(three)}
    assert [key.kid for key in ring.candidates("2026-11", "ES256")] == ["2026-11"]
    assert ring.candidates("2026-11", "EdDSA") == ()
    assert ring.candidates("enc", "ES256") == ()


def test_a_short_rsa_key_is_refused(tmp_path: Path) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    (tmp_path / "short.pem").write_bytes(public_pem(short.public_key()))
    with pytest.raises(Refused, match=r"short\.pem: keys are Ed25519, P-256, or RSA of at least 2048 bits"):
        open_key_ring(tmp_path / "keys", tmp_path / "short.pem")


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("idp.pem", b"", "is not a public key in PEM"),
        ("idp.pem", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "is not a public key in PEM"),
        ("idp.pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "is not an unencrypted private"),
        ("idp.json", b"{", "is not a JWKS document"),
        ("idp.json", b"[]", "is not a JWKS document"),
        ("idp.json", b'{"keys": [7]}', "is not a JWKS document"),
        ("idp.json", b'{"keys": [{"kty": "EC"}]}', "is not a JWKS document"),
        ("idp.json", b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', "keys are Ed25519, P-256, or RSA"),
    ],
)
def test_a_file_that_is_no_key_is_refused_by_name(tmp_path: Path, name: str, raw: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(Refused, match=message) as refused:
        open_key_ring(tmp_path / "keys", tmp_path / name)
    assert str(tmp_path / name) in refused.value.message


def test_an_algorithm_that_does_not_fit_its_key_is_refused(tmp_path: Path) -> None:
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    member = {**RSAAlgorithm.to_jwk(public, as_dict=True), "alg": "PS256"}
    (tmp_path / "idp.json").write_text(json.dumps({"keys": [member]}))
    with pytest.raises(Refused, match="the algorithm 'PS256' that its type is not for"):
        open_key_ring(tmp_path / "keys", tmp_path / "idp.json")


def test_two_keys_of_one_name_are_refused(tmp_path: Path) -> None:
    members = [
        {**ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True), "kid": "same"}
        for _ in range(2)
    ]
    (tmp_path / "idp.json").write_text(json.dumps({"keys": members}))
    with pytest.raises(Refused, match="two different keys are called same"):
        open_key_ring(tmp_path / "keys", tmp_path / "idp.json")


def test_a_trusted_place_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is neither a key file nor a folder of them"):
        open_key_ring(tmp_path / "keys", tmp_path / "absent")


def test_the_signing_key_must_be_a_plain_ed25519_key(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "signing.pem").write_bytes(private_pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(Refused, match="must be an Ed25519 private key"):
        open_key_ring(folder)
    (folder / "signing.pem").write_bytes(private_pem(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"x")))
    with pytest.raises(Refused, match="is not an unencrypted private key"):
        open_key_ring(folder)
