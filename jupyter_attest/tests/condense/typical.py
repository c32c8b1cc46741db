"""Notebooks as many people write them: what is only looked at is left out, whatever is imported."""

from __future__ import annotations

from .case import SAVE, TABLE, WRITE, Case, case

_PEOPLE = {
    "people.csv": "age,fare,sex,lived\n"
    + "".join(
        f"{i % 80},{i * 1.5},{('male', 'female')[i % 2]},{int(i % 3 == 0)}\n" for i in range(200)
    )
}
_SALES = {
    "sales.csv": "day,kind,price,count\n"
    + "".join(
        f"2020-01-{i % 28 + 1:02d},{'abc'[i % 3]},{i * 1.5},{i if i % 7 else ''}\n"
        for i in range(200)
    )
}
_PLT = "import matplotlib.pyplot as plt"
_INLINE = f"%matplotlib inline\n{_PLT}"
#: Pixels of a figure, without the libraries' versions that a file of it would hold.
_PIXELS = (
    "from matplotlib.backends.backend_agg import FigureCanvasAgg\n"
    "canvas = FigureCanvasAgg(fig)\ncanvas.draw()\nx = bytes(canvas.buffer_rgba()).count(255)"
)

TYPICAL: dict[str, Case] = {
    "explore, plot and fit": case(
        "1 2 11 12 14",
        f"import pandas as pd\n{_PLT}\nfrom sklearn.linear_model import LinearRegression",
        "df = pd.read_csv('t.csv')",
        "df.head()",
        "df.describe()",
        "df.info()",
        "df['a'].hist()",
        "df.plot()",
        "plt.plot(df['a'], df['b'])\nplt.show()",
        "print(df.shape)",
        "df.isna().sum()",
        "X = df[['a']]\ny = df['b']",
        "model = LinearRegression()\nmodel.fit(X, y)",
        "model.score(X, y)",
        "with open('out', 'w') as f: f.write(str(model.coef_))",
        inputs=TABLE,
        dropped="3 4 5 6 7 8 9 10",
    ),
    "explore, clean, fit and score": case(
        "1 2 12 15 17 25",
        f"{_INLINE}\nimport numpy as np\nimport pandas as pd\n"
        "from sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.model_selection import train_test_split\n"
        "from sklearn.metrics import accuracy_score",
        "df = pd.read_csv('people.csv')\ndf.head()",
        "df.shape",
        "df.dtypes",
        "df.columns",
        "df['sex'].value_counts()",
        "df.isnull().sum()",
        "df.groupby('sex')['lived'].mean()",
        "fig, ax = plt.subplots(figsize=(6, 4))\nax.hist(df['age'], bins=20)\n"
        "ax.set_title('Age')\nplt.show()",
        "df.corr(numeric_only=True)",
        "plt.figure(figsize=(8, 4))\nplt.scatter(df['age'], df['fare'])\nplt.xlabel('Age')\n"
        "plt.show()",
        "df['sex'] = df['sex'].map({'male': 0, 'female': 1})",
        "df.head(3)",
        "df.describe()",
        "X = df[['age', 'fare', 'sex']]\ny = df['lived']\nX_train, X_test, y_train, y_test = "
        "train_test_split(X, y, test_size=0.2, random_state=42)",
        "X_train.shape, X_test.shape",
        "model = RandomForestClassifier(n_estimators=5, random_state=0)\n"
        "model.fit(X_train, y_train)",
        "pred = model.predict(X_test)\naccuracy_score(y_test, pred)",
        "print(f'accuracy {accuracy_score(y_test, pred):.3f}')",
        "df.tail()",
        "df[df['age'] > 30]",
        "for c in df.columns:\n    print(c, df[c].nunique())",
        "df.sort_values('fare', ascending=False).head(10)",
        "display(df.head())",
        "import joblib\njoblib.dump(model, 'out')",
        inputs=_PEOPLE,
        dropped="3 4 5 6 7 8 9 10 11 13 14 16 20 21 22 23 24",
    ),
    "magics, reloads and settings first": case(
        "1 2 11 13 17",
        f"%load_ext autoreload\n%autoreload 2\n{_INLINE}\nimport warnings\n"
        "warnings.filterwarnings('ignore')\nimport numpy as np, pandas as pd\n"
        "pd.set_option('display.max_columns', None)\nplt.rcParams['figure.figsize'] = (8, 4)\n"
        "np.random.seed(0)",
        "df = pd.read_csv('sales.csv', parse_dates=['day'])\ndf",
        "df.groupby('kind')['price'].mean().sort_values(ascending=False)",
        "df['kind'].str.upper().value_counts().plot(kind='bar')\nplt.show()",
        "fig, ax = plt.subplots(1, 2)\nax[0].hist(df['price'])\nax[1].hist(df['count'].dropna())",
        "fig, ax = plt.subplots()\ndf.plot(x='price', y='count', ax=ax)\nplt.show()",
        "df.loc[df['price'] > 10, ['price', 'count']].describe()",
        "df.iloc[:5]",
        "tmp = df.dropna()\ntmp2 = tmp.groupby('kind').agg({'price': 'mean'})",
        "tmp3 = tmp.drop(columns=['count']).sort_values('price').reset_index(drop=True)\n"
        "tmp3.head()",
        "clean = df.dropna().reset_index(drop=True)",
        "%time clean.describe()",
        "%%time\nx = clean['price'].sum() + clean['count'].sum()",
        "np.mean(clean['price']), len(clean), type(clean)",
        "df.head?",
        "clean.isnull().sum().sum()",
        WRITE,
        inputs=_SALES,
        dropped="3 7 8 9 10 12 14 15 16",
    ),
    "a plot beside one that is saved": case(
        "1 3 5",
        _INLINE,
        "plt.plot([1, 2])\nplt.show()",
        "fig, ax = plt.subplots()\nax.plot([3, 4])",
        "plt.plot([5, 6])\nplt.title('t')\nplt.show()",
        f"{_PIXELS}\n{WRITE}",
        dropped="2 4",
    ),
    "axes that a later run draws in": case(
        "1 2 3 4",
        _INLINE,
        "fig, ax = plt.subplots()",
        "ax.plot([1, 2])\nax.set_title('t')",
        f"{_PIXELS}\n{WRITE}",
    ),
    "axes bound again after they were drawn in": case(
        "1 2 3 4",
        _INLINE,
        "fig, ax = plt.subplots()\nkeep = fig",
        "ax.plot([1, 2])\nfig, ax = plt.subplots()",
        f"fig = keep\n{_PIXELS}\n{WRITE}",
    ),
    "a figure reached from its axes": case(
        "1 2 3",
        f"{_INLINE}\nimport pandas as pd",
        "ax = pd.Series([1, 2]).plot()",
        f"fig = ax.figure\n{_PIXELS}\n{WRITE}",
    ),
    "a figure of the displayed result": case(
        "1 2 3",
        f"{_INLINE}\nimport pandas as pd",
        "pd.Series([1, 2]).plot()",
        f"fig = _.figure\n{_PIXELS}\n{WRITE}",
    ),
    "figures that stay open": case(
        "1 2 3",
        f"import matplotlib\nmatplotlib.use('Agg')\n{_PLT}",
        "plt.plot([1, 2])\nplt.show()",
        f"fig = plt.gcf()\n{_PIXELS}\n{WRITE}",
    ),
    "what the cell magics ran": case(
        "1 2 3 4 6",
        "%%time\nl = [1]",
        "%timeit -n 1 -r 1 l.append(2)",
        "%%capture said\nprint('x'); l.append(3)",
        "%time y = len(l) + len(str(said))",
        "%time len(l)",
        "x = sum(l), y\n" + WRITE,
        dropped="5",
    ),
    "a magic of one's own by a known name": case(
        "1 2 3 4",
        "l = []",
        "from IPython.core.magic import register_line_magic\n"
        "@register_line_magic\ndef time(line): l.append(line)",
        "%time len(l)",
        "x = len(l)\n" + WRITE,
    ),
    "an own module that is reloaded": case(
        "1 2 3 4",
        "%load_ext autoreload\n%autoreload 2\nimport sys, os\nsys.path.insert(0, os.getcwd())\n"
        "sys.dont_write_bytecode = True",
        "with open('own.py', 'w') as f: f.write('def f(): return 1')\nimport own",
        "with open('own.py', 'w') as f: f.write('def f(): return 22')",
        "x = own.f()\n" + WRITE,
    ),
    "a shown object that counts": case(
        "1 2 3 4",
        "n = []\nclass A:\n    def _repr_html_(self): n.append(1); return '<b>'",
        "display(A())",
        "Shy = type('Shy', (), {'__repr__': lambda self: str(n.append(2))})\nShy()",
        "x = len(n)\n" + WRITE,
    ),
    "a method given what counts": case(
        "1 2 3 4",
        "import pandas as pd; l = []\ndf = pd.DataFrame({'a': [1]})\n"
        "def f(v): l.append(v); return v",
        "df['a'].map(lambda v: l.append(v))",
        "df.agg(f)",
        "x = len(l)\n" + WRITE,
    ),
    "a model that is fitted again": case(
        "1 2 3 5",
        "from sklearn.linear_model import LinearRegression",
        "model = LinearRegression().fit([[1], [2]], [1, 3])",
        "model.fit([[1], [2]], [1, 5])",
        "model.score([[1], [2]], [1, 5])",
        "x = model.coef_[0].round(6)\n" + WRITE,
    ),
    "chains of tables": case(
        "1 2 6 7",
        "import pandas as pd",
        "df = pd.read_csv('t.csv')",
        "df.assign(c=1).rename(columns={'a': 'z'}).drop(columns=['b']).head()",
        "df.melt().groupby('variable')['value'].agg(['mean', 'max']).round(1).reset_index()",
        "top = df.set_index('a').sort_index().loc[1:3].astype(float).cumsum()",
        "df.rename(columns={'a': 'z'}, inplace=True)",
        SAVE,
        inputs=TABLE,
        dropped="3 4 5",
    ),
    "axes that share with those before": case(
        "1 2 3 4",
        _INLINE,
        "fig, ax = plt.subplots(); keep = fig",
        "ax = plt.subplot(121, sharex=ax)\nax.set_xlim(0, 50)",
        f"x = keep.axes[0].get_xlim()\n{WRITE}",
    ),
    "a figure that a method holds": case(
        "1 2 3 4",
        f"import matplotlib\nmatplotlib.use('Agg')\n{_PLT}\nimport types",
        "save, held = plt.gcf().savefig, types.SimpleNamespace(fig=plt.gcf())",
        "plt.plot([1, 2])",
        "save('out', metadata={'Software': None}, format='png')",
    ),
    "a plot that is made by its name": case(
        "1 2 3 4",
        f"import matplotlib\nmatplotlib.use('Agg')\nimport pandas as pd\n{_PLT}\n"
        "s = pd.Series([1, 2])",
        "fig, ax = plt.subplots()",
        "s.agg('plot')",
        f"x = len(ax.lines)\n{WRITE}",
    ),
    "memory that another array shares": case(
        "1 2 3",
        "import numpy as np\na = np.array([1.0, -2.0, 3.0])\nm = np.ma.array(a, mask=[0, 0, 1])",
        "np.clip(a, 0, 1, out=a)\na = 0",
        f"x = m.sum()\n{WRITE}",
    ),
    "a log in memory": case(
        "1 2 3",
        f"import io, logging\n{_PLT}\nbuffer = io.StringIO()\n"
        "logging.basicConfig(stream=buffer, level=logging.INFO, force=True)",
        "plt.bar(['1', '2'], [3, 4])\nplt.show()",
        f"x = buffer.getvalue().count('categorical')\n{WRITE}",
    ),
    "warnings that are gathered": case(
        "1 2 3",
        "import warnings, numpy as np\n"
        "seen = warnings.catch_warnings(record=True).__enter__()\nwarnings.simplefilter('always')",
        "np.log(0)",
        f"x = len(seen)\n{WRITE}",
    ),
    "a list's method as a callback": case(
        "1 2 3",
        "log = []\nget_ipython().events.register('pre_run_cell', log.append)",
        "print('hello')",
        f"x = len(log)\n{WRITE}",
    ),
    "a list's method as the stream's hook": case(
        "1 2 3",
        "import sys\nlog = []\nsys.stdout.register_hook(log.append)",
        "print('hello')",
        f"x = len(log)\n{WRITE}",
    ),
    "a library that calls a dict's method": case(
        "1 2 3",
        "import numpy as np\nd = {}\nnp.seterrcall(d.setdefault); np.seterr(all='call')",
        "np.log(np.zeros(2))",
        f"x = d\n{WRITE}",
    ),
    "a class that a call made": case(
        "1 2 3",
        "import abc\nn = []\nA = abc.ABCMeta('A', (), {'__repr__': lambda s: str(n.append(1))})\n"
        "a = [A()]",
        "print(a)",
        f"x = len(n)\n{WRITE}",
    ),
    "names that the shell lists": case(
        "1 2 3",
        "ip = get_ipython()",
        "k = 5",
        f"x = 'k' in ip.run_line_magic('who_ls', '')\n{WRITE}",
    ),
    "a table that a database finds by its name": case(
        "1 2 3",
        "import duckdb, pandas as pd\ncon = duckdb.connect()",
        "t = pd.DataFrame({'v': [1, 2, 3]})",
        f"x = con.table('t').fetchall()\n{WRITE}",
    ),
    "an expression that is evaluated again": case(
        "1 2 3 4",
        "import numpy as np, numexpr as ne\na = np.arange(3)",
        "ne.evaluate('a * 2')",
        "a = np.arange(5)",
        f"x = ne.re_evaluate()\n{WRITE}",
    ),
    "columns named where the table is read": case(
        "1 2 4",
        "import pandas as pd",
        "df = pd.read_csv('t.csv')\ndf.columns = ['x', 'y']",
        "df.describe()",
        SAVE,
        inputs=TABLE,
        dropped="3",
    ),
    "a method put on a class by the name of a table": case(
        "1 2 3 4",
        "import pandas as pd\nl = []\ndf = pd.DataFrame({'a': [1]})",
        "df = pd.Index\ndf.nunique = lambda self: l.append(1)\ndf = pd.DataFrame({'a': [1]})",
        "df.columns.nunique()",
        "x = len(l)\n" + WRITE,
    ),
    "a function put on a table as its method": case(
        "1 2 3 4",
        "import pandas as pd\nl = []",
        "df = pd.DataFrame({'a': [1]})\ndf.head = lambda: l.append(1)",
        "df.head()",
        "x = len(l)\n" + WRITE,
    ),
}
