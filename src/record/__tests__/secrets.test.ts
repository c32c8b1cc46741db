import cases from '../../journal/__tests__/secrets.cases.json';
import { CUT, cutSecrets, cutTokens, isSecretName } from '../secrets';

/** The text of a case, and what may not be in what is left of it. */
function filled(text: string): { whole: string; secrets: string[] } {
  const secrets = [cases.secret, cases.upper, cases.hex];
  const whole = text
    .replaceAll('§upper', cases.upper)
    .replaceAll('§hex', cases.hex)
    .replaceAll('§', cases.secret);
  return { whole, secrets };
}

describe('secrets', () => {
  it.each(cases.cut)('are cut out of %s', text => {
    const { whole, secrets } = filled(text);
    const cut = cutSecrets(whole);
    secrets.forEach(secret => expect(cut).not.toContain(secret));
    expect(cut).toContain(CUT);
  });

  it.each(cases.cutNames)('are cut out of the file name %s', text => {
    const cut = cutTokens(filled(text).whole);
    expect(cut).not.toContain(cases.secret);
    expect(cut).toContain(CUT);
  });

  it.each(cases.kept)('are none in %s', text => {
    expect(cutSecrets(text)).toBe(text);
  });

  it.each(cases.keptNames)('are none in the file name %s', name => {
    expect(cutTokens(name)).toBe(name);
  });

  it.each(['api_key', 'DB_PASSWORD', 'token', 'sig', 'X-Amz-Signature'])(
    'are announced by the name %s',
    name => expect(isSecretName(name)).toBe(true)
  );

  it.each(['alpha', 'n_tokens', 'keys', 'author', 'design'])(
    'are not announced by the name %s',
    name => expect(isSecretName(name)).toBe(false)
  );

  it('leave what stands around them as it was', () => {
    expect(cutSecrets(`a(password="${cases.secret}", b=1) # sk-x`)).toBe(
      `a(password="${CUT}", b=1) # sk-x`
    );
  });

  it('take linear time to be sought in long texts', () => {
    const long = ['a-', 'password', "'", 'a.b:', '\n', 'curl ', 'https://'];
    for (const piece of long) {
      expect(cutSecrets(piece.repeat(50_000)).length).toBeGreaterThan(0);
    }
  });
});
