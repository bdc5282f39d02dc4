"""Texts with a secret in each, and texts without one; none of the secrets opens anything."""

from __future__ import annotations

from hermes_tui.render.secrets import SecretKind

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq\nabc+/=\n-----END RSA PRIVATE KEY-----"

HERMES_MASKS = (
    ("OpenAI sk-proj-Zk3abc123def456 in a text", "Zk3abc123def456", SecretKind.KEY),
    ("clone with ghp_16C7e42F292c6912E7710c83, then", "16C7e42F292c6912E7710c83", SecretKind.KEY),
    ("github_pat_11ABCDEFG0abcdefghij", "11ABCDEFG0abcdefghij", SecretKind.KEY),
    ("slack: xoxb-123456789012-abcdefGHIJKL", "123456789012-abcdefGHIJKL", SecretKind.KEY),
    ("xapp-1-A0123456789-987654321", "A0123456789", SecretKind.KEY),
    ("google AIzaSyA1234567890abcdefghijklmnopqrstuv", "SyA1234567890", SecretKind.KEY),
    ("aws AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE", SecretKind.KEY),
    ("stripe sk_live_4eC39HqLyjWDarjtT1zdp7dc", "4eC39HqLyjWDarjtT1zdp7dc", SecretKind.KEY),
    ("send SG.a1b2c3d4e5f6g7h8", "a1b2c3d4e5f6g7h8", SecretKind.KEY),
    ("hf_a1B2c3D4e5F6g7H8", "a1B2c3D4e5F6g7H8", SecretKind.KEY),
    ("npm_a1B2c3D4e5F6g7H8", "a1B2c3D4e5F6g7H8", SecretKind.KEY),
    ("pypi-AgEIcHlwaS5vcmcCJDU3", "AgEIcHlwaS5vcmcCJDU3", SecretKind.KEY),
    ("gsk_a1B2c3D4e5F6g7H8", "a1B2c3D4e5F6g7H8", SecretKind.KEY),
    ("Authorization: Bearer abcdef0123456789", "abcdef0123456789", SecretKind.TOKEN),
    ("curl -H 'Authorization: Basic dXNlcjpwYXNz'", "dXNlcjpwYXNz", SecretKind.TOKEN),
    ("x-api-key: 9f8e7d6c5b4a", "9f8e7d6c5b4a", SecretKind.KEY),
    ("postgres://bob:hunter2pass@db.example.com/x", "hunter2pass", SecretKind.CONNECTION),
    ("mongodb+srv://u:p4ssw0rd@cluster0.example.net", "p4ssw0rd", SecretKind.CONNECTION),
    ("git remote set-url origin https://t0kent0ken@github.com/x", "t0kent0ken", SecretKind.CONNECTION),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def-123", "eyJzdWIiOiIxIn0", SecretKind.TOKEN),
    ("bot 1234567890:AAEhBOweik9ai2o01289djf92838ab_cd-ef", "AAEhBOweik9ai2o01289djf92838ab", SecretKind.TOKEN),
    ("DB_PASSWORD=verysecret", "verysecret", SecretKind.PASSWORD),
    ("password: hunter2", "hunter2", SecretKind.PASSWORD),
    ("export api_key=foo1bar2", "foo1bar2", SecretKind.KEY),
    ("spring.datasource.password=hunter2", "hunter2", SecretKind.PASSWORD),
    ('{"apiKey": "abcdef-123"}', "abcdef-123", SecretKind.KEY),
    ("MY_SERVICE_TOKEN=abc123randomstring", "abc123randomstring", SecretKind.TOKEN),
    ("user=1&password=hunter22&x=3", "hunter22", SecretKind.PASSWORD),
    (f"it was\n{PEM}\nand so on", "MIIEowIBAAKCAQEA7bq", SecretKind.PRIVATE_KEY),
    ("call +4917012345678 now", "17012345678", SecretKind.PHONE),
    ("hf_abcDEFghiJKLmnoPQRstuVWXyzABCDefgh", "JKLmnoPQRstu", SecretKind.KEY),
    ("xoxp-ApHOIMyIyanbQz", "ApHOIMyIyanbQz", SecretKind.KEY),
    ("`AKIAPYWTJHHVISKKSQCR`", "PYWTJHHVISKKSQCR", SecretKind.KEY),
    ("Authorization: Digest dXNlcjpwYXNz", "dXNlcjpwYXNz", SecretKind.TOKEN),
    ("sid session-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def", "eyJzdWIiOiIxIn0", SecretKind.TOKEN),
    ("mysql://root:pa(ss[word@db/x", "pa(ss[word", SecretKind.CONNECTION),
    ("https://abcdefghijkl@github.com/x", "abcdefghijkl", SecretKind.CONNECTION),
    ("db:\n  password: correcthorse\n  port: 1", "correcthorse", SecretKind.PASSWORD),
    ("DB_PASSWORD=Str0ng,Pass;end9", "end9", SecretKind.PASSWORD),
    ("SECRET_KEY: $ecret123", "ecret123", SecretKind.KEY),
    ("password: 123456", "123456", SecretKind.PASSWORD),
    ("api key: abc12345", "abc12345", SecretKind.KEY),
    ("numbers:\n+4917012345678.", "17012345678", SecretKind.PHONE),
)
"""Text, a part of the secret that must not be left, and its kind: one for each kind that Hermes' redactor masks."""

OURS = (
    ("http://localhost/back?state=1&code=4f6a8b0c2d4e6f8a0b2c", "4f6a8b0c2d4e6f8a0b2c", SecretKind.TOKEN),
    ("google ya29.a0b1c2d3e4f5g6h7i8j9k0", "b1c2d3e4f5g6h7i8j9k0", SecretKind.KEY),
    ("Cookie: session=31d4d96e407aad42; theme=dark", "31d4d96e407aad42", SecretKind.COOKIE),
    ("Set-Cookie: sid=31d4d96e407aad42; Path=/", "31d4d96e407aad42", SecretKind.COOKIE),
    ("write to bob.smith+x@corp.example.org today", "bob.smith+x", SecretKind.EMAIL),
    ("redis://:s3cret@h:6379", "s3cret", SecretKind.CONNECTION),
    ("https://example.com/cb?access_token=Zm9vYmFyYmF6", "Zm9vYmFyYmF6", SecretKind.TOKEN),
    (
        "cut off: -----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk",
        "b3BlbnNzaC1rZXk",
        SecretKind.PRIVATE_KEY,
    ),
    ("client_secret = 'GOCSPX-abcd'", "GOCSPX-abcd", SecretKind.TOKEN),
    ("Passwort ist nicht password=Zürich7!", "rich7", SecretKind.PASSWORD),
    ("PASSWORD=sk-abcdefg12345!rest", "rest", SecretKind.KEY),
    ('{\\"password\\": \\"correct horse\\", \\"a\\": 1}', "correct horse", SecretKind.PASSWORD),
    ("mysql --password hunter2x -h db", "hunter2x", SecretKind.PASSWORD),
    ("curl -u bob:s3cretpw https://x.example", "s3cretpw", SecretKind.PASSWORD),
    ("**Password:** hunter2", "hunter2", SecretKind.PASSWORD),
    ('password: "it\'s-secret9"', "secret9", SecretKind.PASSWORD),
    ('cut off: password="abc12345', "abc12345", SecretKind.PASSWORD),
    (f"TOKEN={'a1' * 600}zz9 and so on", "zz9", SecretKind.TOKEN),
)
"""The same of what is masked beyond that."""

PLAIN = (
    "20260301_100000_a1b2c3, 550e8400-e29b-41d4-a716-446655440000, commit 0cf6875",
    "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    'MAX_TOKENS=100000 "token_count": 512, "tokens": 1200, tokenizer: bert-base-v2',
    'password = os.environ["X"]; api_key=self.api_key, token = get_token(user)',
    "the token: it is expired; author: John Smith 2nd; secretary: Maria7",
    "api_key=${API_KEY} password=<yours> token=****",
    "react@18.2.0 git@github.com:foo/bar.git logo@2x.png",
    "diff\n+20260301100001",
    "hf_hub_download sk-learn-class am_i_a_function",
    "http://127.0.0.1:8080/a@b, https://host:8080/path, mail me @home",
    "api_key=resolved_api_key, token=token, client(password=password)",
    "class A:\n    token: string\n    secret: SecretStr\n    password: str\n",
    "docker run -u 1000:1000 x; cp --token-file /etc/token",
    "API key: see the docs. PRIMARY KEY (id123456), key=value123",
    "a" * 5000,
)
"""Texts that stay as they are."""
