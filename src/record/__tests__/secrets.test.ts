import { CUT, cutSecrets } from '../secrets';

const SECRET = 'Zx81kQ0pLmN7vT4w';

describe('cutSecrets', () => {
  it.each([
    `connect(password="${SECRET}")`,
    `login(token='${SECRET}')`,
    `os.environ["HF_TOKEN"] = "${SECRET}"`,
    `{"api_key": "${SECRET}"}`,
    `headers = {'Authorization': '${SECRET}'}`,
    `aws_secret_access_key = f"${SECRET}"`,
    `read_csv("https://ann:${SECRET}@example.org/x.csv")`,
    `create_engine('postgresql+psycopg2://ann:${SECRET}@db/x')`,
    `get("https://example.org/x?a=1&token=${SECRET}")`,
    `get("https://b.example.org/k?X-Amz-Credential=1&X-Amz-Signature=${SECRET}")`,
    `get("https://example.org/?sig=${SECRET}&b=2")`,
    `!curl -H "Authorization: Bearer ${SECRET}" https://example.org`,
    `!tool --password ${SECRET} --fast`,
    `!tool --api-key=${SECRET}`,
    `x = "ghp_${SECRET}${SECRET}"`,
    `x = "hf_${SECRET}"`,
    `x = "sk-${SECRET}${SECRET}"`,
    `x = "AKIA${SECRET}"`,
    `x = "eyJ${SECRET}.eyJ${SECRET}.${SECRET}"`,
    `k = """-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY-----"""`
  ])('cuts %s', code => {
    expect(cutSecrets(code)).not.toContain(SECRET);
    expect(cutSecrets(code)).toContain(CUT);
  });

  it.each([
    'model.fit(train[features], train["species"])',
    'tokens = tokenizer("a sentence")',
    'pd.read_csv("https://example.org/data.csv?year=2026")',
    'key = "species"',
    'author = "Ann"'
  ])('leaves %s as it is', code => {
    expect(cutSecrets(code)).toBe(code);
  });
});
